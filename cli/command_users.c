/* SPDX-License-Identifier: BSD-3-Clause */
/* createsuperuser and changepassword. */
#include <capo.h>
#include "cli_internal.h"
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void create(void *argument)
{
    const char **about = argument;
    capo_create_superuser(about[0], about[1], about[2]);
}

/* A password typed twice, and asked again while the validators complain and the person does not insist. */
static const char *ask_password(User *user)
{
    for (;;) {
        const char *password = cli_ask("Password: ", true);
        if (!password)
            capo_raise(ERROR_COMMAND, "Operation cancelled.");
        const char *again = cli_ask("Password (again): ", true);
        if (!again || strcmp(password, again) != 0) {
            fprintf(stderr, "Error: Your passwords didn't match.\n");
            continue;
        }
        if (!*password) {
            fprintf(stderr, "Error: Blank passwords aren't allowed.\n");
            continue;
        }
        const char *const *complaints = capo_validate_password(password, user);
        if (!complaints || !complaints[0])
            return password;
        for (; *complaints; complaints++)
            fprintf(stderr, "%s\n", *complaints);
        const char *insist = cli_ask("Bypass password validation and create user anyway? [y/N]: ", false);
        if (insist && (insist[0] == 'y' || insist[0] == 'Y'))
            return password;
    }
}

static const char *password_from_environment(void)
{
    const char *password = capo_env("CAPO_SUPERUSER_PASSWORD");
    if (!password || !*password)
        capo_raise(ERROR_COMMAND, "With --noinput the password is taken from the variable CAPO_SUPERUSER_PASSWORD; it is not set.");
    return password;
}

int cli_createsuperuser(void)
{
    bool no_input = capo_option_set("--noinput");
    const char *username = capo_option("--username"), *email = capo_option("--email");
    if (no_input) {
        if (!username)
            username = capo_env("CAPO_SUPERUSER_USERNAME");
        if (!email)
            email = capo_env("CAPO_SUPERUSER_EMAIL");
        if (!username)
            capo_raise(ERROR_COMMAND, "You must use --username with --noinput.");
    } else if (!cli_is_interactive()) {
        capo_raise(ERROR_COMMAND, "There is nobody to ask: standard input is not a terminal. Use --noinput with --username, --email and "
                   "CAPO_SUPERUSER_PASSWORD.");
    }
    while (!username) {
        struct passwd *account = getpwuid(getuid());
        const char *login = account ? account->pw_name : "admin";
        const char *answer = cli_ask(capo_format("Username (leave blank to use '%s'): ", login), false);
        if (!answer)
            capo_raise(ERROR_COMMAND, "Operation cancelled.");
        username = *answer ? answer : login;
        if (capo_exists(User, .where = { .username = EQ(username) })) {
            fprintf(stderr, "Error: That username is already taken.\n");
            username = NULL;
        }
    }
    if (capo_exists(User, .where = { .username = EQ(username) }))
        capo_raise(ERROR_COMMAND, "Error: That username is already taken.");
    if (!email && !no_input) {
        email = cli_ask("Email address: ", false);
        if (!email)
            capo_raise(ERROR_COMMAND, "Operation cancelled.");
    }
    User *about = capo_new(User);
    about->username = username;
    about->email = email ? email : "";
    const char *password = no_input ? password_from_environment() : ask_password(about);
    const char *fields[] = { username, email ? email : "", password };
    const Error *error = capo_try(create, fields);
    if (error)
        capo_raise(ERROR_COMMAND, "The user could not be made: %s", error->message);
    capo_say("Superuser created successfully.");
    return 0;
}

int cli_changepassword(void)
{
    const char *username = capo_option("username");
    User *user = capo_first(User, .where = { .username = EQ(username) });
    if (!user)
        capo_raise(ERROR_COMMAND, "user '%s' does not exist", username);
    capo_say("Changing password for user '%s'", username);
    bool no_input = capo_option_set("--noinput");
    if (!no_input && !cli_is_interactive())
        capo_raise(ERROR_COMMAND, "There is nobody to ask: standard input is not a terminal. Use --noinput with CAPO_SUPERUSER_PASSWORD.");
    capo_set_password(user, no_input ? password_from_environment() : ask_password(user));
    capo_save(user);
    capo_say("Password changed successfully for user '%s'", username);
    return 0;
}
