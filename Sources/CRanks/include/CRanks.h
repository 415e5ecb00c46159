#pragma once
#include <stddef.h>
#include <stdint.h>

/// Messages between the processes of an MPI job, which Swift cannot import: MPI's constants are addresses of structures it
/// does not see into.
///
/// Called by one thread at a time. Each returns 0, or MPI's code where that fails.

/// Whether this was built with MPI; all else fails with -1 where not.
int cranks_is_built(void);

/// Joins the job; a process that mpirun did not start is a job of one.
int cranks_join(int *rank, int *ranks);

/// Leaves it: waits until all do.
int cranks_leave(void);

/// Begins to send to another rank; `bytes` stay as they are until the next message to it is begun, which waits for this.
int cranks_begin_send(const void *bytes, size_t count, int rank);

/// Goes on with the message to a rank that was begun last; `done` says whether it is sent.
int cranks_test_send(int rank, int *done);

/// How many bytes the next message of a rank has; -1 while there is none.
int cranks_probe(int rank, ptrdiff_t *count);

/// Begins to take that message into `bytes`, which stay where they are until it is there.
int cranks_begin_receive(void *bytes, size_t count, int rank);

/// Goes on with it; `done` says whether it is there.
int cranks_test_receive(int rank, int *done);

/// What MPI says of a code, cut to `room`.
void cranks_describe(int code, char *text, size_t room);
