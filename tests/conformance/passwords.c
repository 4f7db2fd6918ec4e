/* SPDX-License-Identifier: BSD-3-Clause */
/* The kind "passwords": {"verify": true}, {"verify": false}, or {"verify": "raises"} for a malformed string. */
#include <capo/auth.h>
#include "conformance.h"

Value conformance_passwords(const Map *about)
{
    Value password = *capo_map_get(about, "password");
    int result = capo_verify_password_n(password.text, password.size, capo_map_get(about, "encoded")->text, NULL);
    return VALUE(capo_map(V("verify", result < 0 ? VALUE("raises") : capo_value_bool(result == 1))));
}
