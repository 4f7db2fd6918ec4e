#include "@name@.h"

const Route @name@_urls[] = {
    { "", @name@_index, "index" },
    { 0 }
};
