/* SPDX-License-Identifier: BSD-3-Clause */
/* Kind `forms`: {"field": class, "args": […], "kwargs": {…}, "value": …}: Field.clean. */
#include "conformance.h"

Value conformance_forms(const Map *test)
{
    capo_raise(404, "no form field called %s", capo_to_text(conformance_get(test, "field")));
}
