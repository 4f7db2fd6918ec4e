#include <capo/testing.h>
#include "@name@.h"

TEST(@name@_index_is_there)
{
    EXPECT_CONTAINS(capo_client_get(capo_client(), capo_reverse("@name@:index")), "<h1>@name@</h1>");
}
