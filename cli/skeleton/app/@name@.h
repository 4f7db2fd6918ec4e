/* The @name@ app: its models, its views, and the one row that the site lists. */
#pragma once
#include <capo.h>

#define CAPO_MODELS "@name@/models.def"
#include <capo/declare_models.h>

extern const App @name@;
extern const Route @name@_urls[];
extern const ModelAdmin @name@_admin[];

Response *@name@_index(Request *req);
