#include "CRanks.h"

#ifdef HAS_MPI

#include <mpi.h>
#include <stdlib.h>
#include <string.h>

enum { TAG = 1 };

/// By rank: the message to it that was begun last, and that of it which is being taken.
static MPI_Request *sends, *receives;

int cranks_is_built(void) { return 1; }

int cranks_join(int *rank, int *ranks) {
    int granted;
    int code = MPI_Init_thread(NULL, NULL, MPI_THREAD_SERIALIZED, &granted);
    if (code != MPI_SUCCESS) return code;
    if (granted < MPI_THREAD_SERIALIZED) return MPI_ERR_OTHER;
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    MPI_Comm_rank(MPI_COMM_WORLD, rank);
    MPI_Comm_size(MPI_COMM_WORLD, ranks);
    sends = malloc(sizeof(MPI_Request) * (size_t)*ranks);
    receives = malloc(sizeof(MPI_Request) * (size_t)*ranks);
    if (!sends || !receives) return MPI_ERR_NO_MEM;
    for (int other = 0; other < *ranks; other++) sends[other] = receives[other] = MPI_REQUEST_NULL;
    return MPI_SUCCESS;
}

int cranks_leave(void) { return MPI_Finalize(); }

int cranks_begin_send(const void *bytes, size_t count, int rank) {
    return MPI_Isend(bytes, (int)count, MPI_BYTE, rank, TAG, MPI_COMM_WORLD, &sends[rank]);
}

int cranks_test_send(int rank, int *done) { return MPI_Test(&sends[rank], done, MPI_STATUS_IGNORE); }

int cranks_probe(int rank, ptrdiff_t *count) {
    int is_there, bytes;
    MPI_Status status;
    int code = MPI_Iprobe(rank, TAG, MPI_COMM_WORLD, &is_there, &status);
    *count = -1;
    if (code != MPI_SUCCESS || !is_there) return code;
    code = MPI_Get_count(&status, MPI_BYTE, &bytes);
    *count = bytes;
    return code;
}

int cranks_begin_receive(void *bytes, size_t count, int rank) {
    return MPI_Irecv(bytes, (int)count, MPI_BYTE, rank, TAG, MPI_COMM_WORLD, &receives[rank]);
}

int cranks_test_receive(int rank, int *done) { return MPI_Test(&receives[rank], done, MPI_STATUS_IGNORE); }

void cranks_describe(int code, char *text, size_t room) {
    char whole[MPI_MAX_ERROR_STRING] = "";
    int length = 0;
    MPI_Error_string(code, whole, &length);
    strncpy(text, whole, room - 1);
    text[room - 1] = 0;
}

#else

int cranks_is_built(void) { return 0; }
int cranks_join(int *rank, int *ranks) { return (void)rank, (void)ranks, -1; }
int cranks_leave(void) { return -1; }
int cranks_begin_send(const void *bytes, size_t count, int rank) { return (void)bytes, (void)count, (void)rank, -1; }
int cranks_test_send(int rank, int *done) { return (void)rank, (void)done, -1; }
int cranks_probe(int rank, ptrdiff_t *count) { return (void)rank, (void)count, -1; }
int cranks_begin_receive(void *bytes, size_t count, int rank) { return (void)bytes, (void)count, (void)rank, -1; }
int cranks_test_receive(int rank, int *done) { return (void)rank, (void)done, -1; }
void cranks_describe(int code, char *text, size_t room) {
    (void)code;
    if (room > 0) text[0] = 0;
}

#endif
