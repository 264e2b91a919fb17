#pragma once
#if __has_include(<oneapi/dnnl/dnnl.h>)
#include <oneapi/dnnl/dnnl.h>
#else
#error "oneDNN is missing: apt-get install libdnnl-dev (Scripts/setup does it)"
#endif
