#include "@name@.h"

/* Which models the admin shows, and how: ADMIN(Note, .list_display = LIST("title", "created")), */
const ModelAdmin @name@_admin[] = {
    { 0 }
};
