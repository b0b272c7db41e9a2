/* Stand-in for libcuda.so.1 on a node without a GPU: every way in says that there is no device. */
enum { SUCCESS = 0, NO_DEVICE = 100, NOT_FOUND = 500 };

int cuInit(unsigned flags) { return NO_DEVICE; }
int cuDriverGetVersion(int *version) { *version = 12080; return SUCCESS; }
int cuDeviceGetCount(int *count) { *count = 0; return NO_DEVICE; }
int cuGetErrorString(int code, const char **text) { *text = "no device (stand-in of hpc-gat lab)"; return SUCCESS; }
int cuGetErrorName(int code, const char **text) { *text = "CUDA_ERROR_NO_DEVICE"; return SUCCESS; }
