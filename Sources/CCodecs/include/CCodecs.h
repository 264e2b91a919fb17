// Pictures at the border to C: files, and drawings.
#pragma once
#include "Codecs.h"
#include "Canvas.h"
