#pragma once
#if __has_include(<openssl/evp.h>)
#include <openssl/evp.h>
#else
#error "OpenSSL is missing: apt-get install libssl-dev (Scripts/setup does it)"
#endif
