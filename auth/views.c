/* SPDX-License-Identifier: BSD-3-Clause */
/* Logging in and out and changing one's password: django.contrib.auth.urls, with templates registration/….html. */
#include "auth_internal.h"
#include <capo/templates.h>

/* Where ?next= or the form's field says, if that stays here; else `otherwise`. */
static const char *next_of(Request *req, const char *otherwise)
{
    const char *next = req->method == POST ? capo_post(req, "next") : NULL;
    if (!next)
        next = capo_param(req, "next");
    return next && *next && capo_url_is_safe(next, capo_host(req), capo_is_secure(req)) ? next : otherwise;
}

/* Passwords and their forms stay out of every cache. */
static Response *private_page(Response *res)
{
    capo_never_cache(res);
    return res;
}

static Response *login_page(Request *req)
{
    const char *next = next_of(req, "");
    Form *form = capo_authentication_form(req, req->method == POST ? capo_post_dict(req) : NULL);
    if (req->method == POST && capo_form_is_valid(form)) {
        capo_login(req, capo_authentication_form_user(form));
        return private_page(capo_redirect(req, *next ? next : capo_settings()->login_redirect_url));
    }
    return private_page(capo_render(req, "registration/login.html", V("form", form), V("next", next)));
}

static Response *logout_page(Request *req)
{
    capo_logout(req);
    const char *next = next_of(req, capo_settings()->logout_redirect_url);
    if (next)
        return private_page(capo_redirect(req, next));
    return private_page(capo_render(req, "registration/logged_out.html", V("title", "Logged out")));
}

static Response *password_change_page(Request *req)
{
    AnyUser *user = capo_user(req);
    Form *form = capo_password_change_form(user, req->method == POST ? capo_post_dict(req) : NULL);
    if (req->method == POST && capo_form_is_valid(form)) {
        capo_set_password(user, capo_to_text(capo_form_value(form, "new_password1")));
        capo_instance_save(auth_instance(user));
        capo_update_session_auth_hash(req, user);
        const char *done = capo_format("%sdone/", req->path);
        return private_page(capo_redirect(req, done));
    }
    return private_page(capo_render(req, "registration/password_change_form.html", V("form", form), V("title", "Password change")));
}

static Response *password_change_done_page(Request *req)
{
    return capo_render(req, "registration/password_change_done.html", V("title", "Password change successful"));
}

const Route capo_auth_urls[] = {
    { "login/", login_page, "login", .methods = GET | POST },
    { "logout/", logout_page, "logout", .methods = POST },
    { "password_change/", password_change_page, "password_change", .methods = GET | POST, .login_required = true },
    { "password_change/done/", password_change_done_page, "password_change_done", .methods = GET, .login_required = true },
    { 0 }
};
