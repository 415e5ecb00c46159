#ifndef CALLOCATIONCOUNTER_H
#define CALLOCATIONCOUNTER_H

#include <stdint.h>

/// Requests for memory the calling thread has made through malloc and its relatives; -1 where they cannot be counted
/// (the address sanitizer has an allocator of its own).
int64_t cac_allocations(void);

#endif
