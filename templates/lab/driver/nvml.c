/* Stand-in for libnvidia-ml.so.1 on a node without a GPU: it cannot be initialised. */
enum { SUCCESS = 0, DRIVER_NOT_LOADED = 9 };

int nvmlInit(void) { return DRIVER_NOT_LOADED; }
int nvmlInit_v2(void) { return DRIVER_NOT_LOADED; }
int nvmlInitWithFlags(unsigned flags) { return DRIVER_NOT_LOADED; }
int nvmlShutdown(void) { return SUCCESS; }
const char *nvmlErrorString(int code) { return "driver not loaded (stand-in of hpc-gat lab)"; }
