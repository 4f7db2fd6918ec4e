/* SPDX-License-Identifier: BSD-3-Clause */
/* Content-Security-Policy: settings' .csp and .csp_report_only, what a view says instead, and the nonce.
 *
 * A policy is joined to its text once. Where it holds CSP_NONCE it has two: one for answers that nobody made a nonce for, and one
 * with a mark where the nonce goes. A nonce is made when it is first asked for, so that an answer without inline scripts has none and
 * may be kept by caches. */
#include "web_internal.h"
#include "settings_internal.h"
#include <string.h>

enum { ENFORCED, REPORTED, POLICIES };
enum { NONCE_SIZE = 22, MARK = '\1' };          /* 22 of 64 letters: 132 bits */

struct CspText {
    const char *plain;          /* "": no header */
    const char *marked;         /* with MARK for each nonce; NULL: it has none */
};
typedef struct CspText CspText;

static CspText of_site[POLICIES];

/* --- from rows to text --------------------------------------------------------------------------------------------------- */

/* A ';' would begin another directive, and a ',' another policy. */
static void check_word(const char *directive, const char *word)
{
    if (!*word)
        capo_raise(ERROR_IMPROPERLY_CONFIGURED, "The directive %s of a Content-Security-Policy has an empty source.", directive);
    for (const char *at = word; *at; at++)
        if ((unsigned char)*at <= ' ' || (unsigned char)*at >= 0x7f || *at == ';' || *at == ',')
            capo_raise(ERROR_IMPROPERLY_CONFIGURED, "'%s' in the directive %s of a Content-Security-Policy holds a blank, ';', ',' or a "
                       "character that is not ASCII: write each source by itself, and percent-encode what a URL holds.", word, directive);
}

static void put_directive(Buffer *out, const CspDirective *row, bool nonce)
{
    check_word(row->name, row->name);
    if (out->size)
        capo_put(out, "; ");
    capo_put(out, row->name);
    size_t written = 0;
    for (const char *const *source = row->sources; source && *source; source++) {
        bool is_nonce = strcmp(*source, CSP_NONCE) == 0;
        if (!is_nonce)
            check_word(row->name, *source);
        if (is_nonce && !nonce)
            continue;
        if (is_nonce)
            capo_put_format(out, " 'nonce-%c'", MARK);
        else
            capo_put_format(out, " %s", *source);
        written++;
    }
    /* nothing was given a nonce, so nothing may run: to leave the directive out would allow what default-src does */
    if (!written && row->sources && row->sources[0])
        capo_put(out, " " CSP_NONE);
}

static bool has_nonce(const CspDirective *policy)
{
    for (; policy->name; policy++)
        for (const char *const *source = policy->sources; source && *source; source++)
            if (strcmp(*source, CSP_NONCE) == 0)
                return true;
    return false;
}

static char *policy_text(const CspDirective *policy, bool nonce)
{
    Buffer out = { 0 };
    for (; policy->name; policy++)
        put_directive(&out, policy, nonce);
    return capo_buffer_text(&out);
}

static CspText join(const CspDirective *policy)
{
    if (!policy)
        return (CspText){ .plain = "" };
    return (CspText){ .plain = policy_text(policy, false), .marked = has_nonce(policy) ? policy_text(policy, true) : NULL };
}

void csp_configure(const Settings *settings)
{
    const CspDirective *const policies[POLICIES] = { settings->csp, settings->csp_report_only };
    for (int i = 0; i < POLICIES; i++) {
        CspText text = join(policies[i]);
        of_site[i] = (CspText){ settings_strdup(text.plain), text.marked ? settings_strdup(text.marked) : NULL };
    }
}

/* --- the nonce ------------------------------------------------------------------------------------------------------------- */

const char *capo_csp_nonce(Request *req)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    WebState *state = web_state(req);
    if (!state->csp_nonce) {
        state->csp_nonce = capo_random_string(NONCE_SIZE, letters);
        if (state->csp_sent)
            capo_warn("The nonce of %s was asked for after capo_csp_middleware had written the policy, which does not name it: let that layer "
                      "stand before the one that asks.", req->path);
    }
    /* what is made with it is for this answer alone, as with a CSRF token */
    req->internal->csrf_tokens++;
    req->internal->personal = PERSONAL_OWN;
    return state->csp_nonce;
}

bool capo_csp_has_nonce(Request *req)
{
    return web_state(req)->csp_nonce != NULL;
}

bool capo_csp_is_on(Request *req)
{
    return web_state(req)->csp_on;
}

/* --- the headers ----------------------------------------------------------------------------------------------------------- */

static const char *with_nonce(Request *req, const CspText *text)
{
    const char *nonce = web_state(req)->csp_nonce, *next;
    if (!text->marked || !nonce)
        return text->plain;
    Buffer out = { 0 };
    for (const char *at = text->marked; ; at = next + 1) {
        next = strchr(at, MARK);
        if (!next) {
            capo_put(&out, at);
            return capo_buffer_text(&out);
        }
        capo_put_bytes(&out, at, (size_t)(next - at));
        capo_put(&out, nonce);
    }
}

char *capo_csp_text(Request *req, const CspDirective *policy)
{
    CspText text = join(policy);
    return capo_strdup(with_nonce(req, &text));
}

static void override(Response *res, int which, const CspDirective *policy)
{
    CspText *text = capo_alloc_struct(CspText);
    *text = join(policy);
    res->internal->csp[which] = text;
}

void capo_csp_override(Response *res, const CspDirective *policy)
{
    override(res, ENFORCED, policy);
}

void capo_csp_report_only_override(Response *res, const CspDirective *policy)
{
    override(res, REPORTED, policy);
}

void csp_of_own_page(Response *res)
{
    static const CspText own = { "default-src 'none'; style-src 'unsafe-inline'" }, none = { "" };
    if (*of_site[ENFORCED].plain)
        res->internal->csp[ENFORCED] = &own;
    res->internal->csp[REPORTED] = &none;
}

Response *capo_csp_middleware(Request *req, const Next *next)
{
    static const char *const names[POLICIES] = { "Content-Security-Policy", "Content-Security-Policy-Report-Only" };
    WebState *state = web_state(req);
    state->csp_on = true;
    Response *res = capo_next(req, next);
    for (int i = 0; i < POLICIES; i++) {
        const CspText *text = res->internal->csp[i] ? res->internal->csp[i] : &of_site[i];
        if (!*text->plain || capo_get_header(res, names[i]))
            continue;
        if (text->marked && res->internal->stream)      /* renders after its headers are sent */
            capo_csp_nonce(req);
        capo_set_header(res, names[i], with_nonce(req, text));
    }
    state->csp_sent = true;
    return res;
}
