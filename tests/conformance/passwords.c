/* SPDX-License-Identifier: BSD-3-Clause */
/* Cases of passwords: a password and a stored string. */
#include "conformance.h"
#include "../../auth/hashers.h"

Value conformance_passwords(const Map *test)
{
    Value password = conformance_get(test, "password"), encoded = conformance_get(test, "encoded");
    if (!capo_is_text(password))
        return capo_value_map(capo_map(V("verify", (bool)false)));
    int result = password_verify_sized(password.text, password.size, capo_is_text(encoded) ? encoded.text : NULL, NULL);
    if (result < 0)
        return capo_value_map(capo_map(V("verify", "raises")));
    return capo_value_map(capo_map(V("verify", (bool)(result == 1))));
}
