// A sum over bytes that shows every single flipped bit: four lanes, each step a bijection of the lane. Not a cryptographic one.
#include "CKernels.h"
#include <string.h>

static uint64_t turned(uint64_t x, int by) { return x << by | x >> (64 - by); }

uint64_t checksum(const void *bytes, size_t count) {
  const uint64_t factor = 0x9E3779B97F4A7C15u;
  uint64_t lanes[4] = { count, ~count, count * factor, factor };
  const unsigned char *at = bytes;
  for (; count >= 32; at += 32, count -= 32) {
    uint64_t words[4];
    memcpy(words, at, 32);
    for (int lane = 0; lane < 4; lane++) lanes[lane] = turned(lanes[lane] ^ words[lane], 29) * factor;
  }
  for (; count > 0; at++, count--) lanes[0] = turned(lanes[0] ^ *at, 29) * factor;
  uint64_t sum = 0;
  for (int lane = 0; lane < 4; lane++) sum = turned(sum ^ lanes[lane], 31) * factor;
  return sum ^ sum >> 32;
}
