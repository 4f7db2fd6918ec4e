#include "@name@.h"

Response *@name@_index(Request *req)
{
    return capo_render(req, "@name@/index.html", V("site", capo_settings()->name));
}
