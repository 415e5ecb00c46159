// The products of panels with runs, of 4, 3 and 2 bits: included once per instruction set with what product_int4.h asks for
// but CK_PRODUCT and CK_WEIGHTS, and with:
//   CK_PRODUCTS     what the names of the kernels begin with

#define CK_PRODUCT CK_PASTE(CK_PRODUCTS, _int4)
#define CK_WEIGHTS CK_INT4
#include "product_int4.h"

// Widened, a panel is read too slowly to be asked for 8 KB ahead: the next one is.
#define CK_NEXT_ONLY
#define CK_PRODUCT CK_PASTE(CK_PRODUCTS, _int3)
#define CK_WEIGHTS CK_INT3
#include "product_int4.h"

#define CK_PRODUCT CK_PASTE(CK_PRODUCTS, _int2)
#define CK_WEIGHTS CK_INT2
#include "product_int4.h"

#undef CK_NEXT_ONLY
#undef CK_PRODUCTS
#undef CK_ROWS
#undef sum_t
#undef word_t
#undef row_t
#undef weights_t
#undef ZERO
#undef LOAD
#undef MASK
#undef SHIFT
#undef MULTIPLIERS
#undef OFFSETS
#undef SUBTRACT
#undef WEIGHTS
#undef ROW
#undef STEP
#undef FINISH
