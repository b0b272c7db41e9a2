/* Stand-in for libnvidia-ptxjitcompiler.so.1: only there to be bound by `apptainer --nv`. */
int hpc_gat_stand_in(void) { return 0; }
