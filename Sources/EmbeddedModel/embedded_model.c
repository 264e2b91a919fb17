#include "EmbeddedModel.h"

// Aligned as a mapped file would be, so that tensors are read in place.
_Alignas(4096) const unsigned char embedded_model[] = {
#embed "model.tar"
};
const size_t embedded_model_size = sizeof embedded_model;
