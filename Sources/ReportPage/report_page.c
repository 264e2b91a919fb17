#include "ReportPage.h"

static const unsigned char skeleton[] = {
#embed "report.html"
};
static const unsigned char style[] = {
#embed "report.css"
};
static const unsigned char script[] = {
#embed "report.js"
};

struct page_part page_skeleton(void) { return (struct page_part){skeleton, sizeof skeleton}; }
struct page_part page_style(void) { return (struct page_part){style, sizeof style}; }
struct page_part page_script(void) { return (struct page_part){script, sizeof script}; }
