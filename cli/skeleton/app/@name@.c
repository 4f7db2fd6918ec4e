#include "@name@.h"

#define CAPO_MODELS "@name@/models.def"
#include <capo/define_models.h>

const App @name@ = {
    .name   = "@name@",
    .models = models,
    .admin  = @name@_admin,
};
