#include "EmbeddedModel.h"
