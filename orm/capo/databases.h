/* SPDX-License-Identifier: BSD-3-Clause */
/* A site's databases: several of them, routers, transactions that are tried again, and what their connections do.
 *
 * One database needs nothing of this. Further ones are rows of settings' `.databases`, named by an alias; `.database` is "default":
 *
 *     .database = "postgresql://db.example.com/site",                     // DATABASE_URL
 *     .databases = DATABASES({ "replica", "postgresql://db2.example.com/site", .replica_of = "default" },
 *                            { "stats", "sqlite:stats.sqlite3", .apps = LIST("stats") }),       // DATABASE_URL_STATS
 *
 *     Visit **v = capo_fetch(Visit, .using = "stats");     // by hand; without it the router says
 *     capo_save_using(post, "archive");
 *     capo_begin(.using = "stats"); … capo_commit();
 *
 * Which database a call goes to, in this order: its own .using; the one in force (capo_use_database); what the first router says that
 * has an opinion; the home of the model's app (`.apps`); the database that the object at hand came from; "default". Where that is by
 * router or by rule and has replicas, a read goes to one of them in turn, unless this unit of work (request, command, task) has
 * written there or has a transaction open there: what was written is read (Django leaves that to the router).
 *
 * Objects remember where they came from: what they lead to is read there, and two of different databases cannot be tied together
 * (ERROR_VALUE) unless a router allows it. A replica counts as its primary. A query never joins tables of two databases. */
#pragma once
#include <capo/error.h>
#include <capo/orm.h>
#include <capo/web.h>

/* --- which database ----------------------------------------------------------------------------------------------------- */

/* From now on in this unit of work what does not name a database itself goes to this one, raw SQL and the schema too; NULL: back to
 * the router's choice. Gives what was in force before; a raise that unwinds past restores nothing: the unit's end does. */
const char *capo_use_database(const char *alias);
/* Its alias: what raw SQL goes to at this moment; "default" where nothing else is said. */
const char *capo_database_alias(void);
/* All aliases, "default" first; NULL at the end. */
const char *const *capo_database_aliases(void);
/* The words of a command that opens the database's own shell, with `more` of them (may be NULL), and "NAME=value" for its environment: the
 * password among them, which must not be seen in a list of processes. Both end with NULL. */
const char **capo_database_client(const char *const *more, const char ***ret_environment);
/* Where the object was loaded from or saved to last; NULL: it is in no database yet. */
#define capo_database_of(object) capo_instance_database(&(object)->capo)
const char *capo_instance_database(const Instance *self);
/* The same rows of another database; NULL: as the router says. Raises ERROR_IMPROPERLY_CONFIGURED for an alias that is none. */
Query *capo_query_using(Query *query, const char *alias);
/* A save into this database: a row of that key there is changed, else made; the object is that database's from then on. */
#define capo_save_using(object, alias) capo_instance_save_using(&(object)->capo, (alias))
#define capo_delete_using(object, alias) capo_instance_delete_using(&(object)->capo, (alias))
#define capo_refresh_using(object, alias) capo_instance_refresh_using(&(object)->capo, (alias))
void capo_instance_save_using(Instance *self, const char *alias);
int64_t capo_instance_delete_using(Instance *self, const char *alias);
void capo_instance_refresh_using(Instance *self, const char *alias);

/* A router, in settings: .database_routers = ROUTERS(&by_tenant, &replicas). Each entry may be NULL; the answers of the first that
 * has an opinion count. `hint` is the object at hand (whose relation is read, which is saved), or NULL. */
typedef enum RouterAnswer { ROUTER_NO_OPINION, ROUTER_ALLOW, ROUTER_REFUSE } RouterAnswer;
typedef struct DatabaseRouter {
    const char *name;                       /* for messages */
    const char *(*db_for_read)(const Model *model, const Instance *hint);       /* an alias; NULL: no opinion */
    const char *(*db_for_write)(const Model *model, const Instance *hint);
    RouterAnswer (*allow_relation)(const Instance *a, const Instance *b);       /* without one: both are of one database */
    /* Whether this app's tables belong there; `model` NULL: asked for a RunSQL or RunFunction. Without one: as .apps says, and never
     * on a replica. */
    RouterAnswer (*allow_migrate)(const char *alias, const char *app, const Model *model);
} DatabaseRouter;
#define ROUTERS(...) ((const struct DatabaseRouter *const[]){ __VA_ARGS__, NULL })
/* What the routers and rules say, for code of one's own. */
const char *capo_database_for_read(const Model *model, const Instance *hint);
const char *capo_database_for_write(const Model *model, const Instance *hint);
bool capo_allow_relation(const Instance *a, const Instance *b);
bool capo_allow_migrate(const char *alias, const char *app, const Model *model);

/* --- transactions that are tried again ------------------------------------------------------------------------------------ */

/* Calls function(argument) in a transaction of its own and commits. Where it ends in a conflict with another transaction (a deadlock,
 * a serialization failure; SQLite: a lock that did not come free), all is rolled back and done again, after a pause that grows from 5 ms to
 * half a second with chance in it. Everything else is raised, and so is the last conflict. What the function changed besides
 * the database is not undone: it sets results, it does not add to them.
 * Only outside of a transaction (a bug elsewhere: a part of one cannot be tried again). A commit whose answer was lost is never
 * tried again: capo_outcome_is_unknown.
 *     capo_retry(move_money, &transfer);                      // five attempts
 *     capo_retry(move_money, &transfer, .attempts = 20, .isolation = "serializable"); */
typedef struct RetryOptions {
    const char *using;
    const char *isolation;                  /* as in TransactionOptions */
    int attempts;                           /* 0: 5 */
} RetryOptions;
#define capo_retry(function, argument, ...) capo_retry_with((function), (argument), &(const RetryOptions){ __VA_ARGS__ })
void capo_retry_with(void (*function)(void *), void *argument, const RetryOptions *options);
/* Of an error of the ORM: the whole transaction may be tried again. */
bool capo_is_conflict(const Error *error);
/* Of an error of the ORM: the connection broke after a change, or COMMIT, was sent and before its answer came. It may have happened; look
 * before it is done again. */
bool capo_outcome_is_unknown(const Error *error);

/* --- watching -------------------------------------------------------------------------------------------------------------- */

/* What the connections of this worker do, for metrics. */
typedef struct DatabaseFigures {
    size_t open, in_use, waiting;           /* connections; fibers that wait for one */
    size_t shared, in_flight;               /* of them shared, and the statements on their way there */
    uint64_t opened, failed, lost;          /* since the start: connected, could not, broke */
    uint64_t waited, exhausted;             /* requests that had to wait for a connection; that gave up (503) */
    uint64_t retired;                       /* closed since nobody had used them for pool_max_idle */
} DatabaseFigures;
DatabaseFigures capo_database_figures(void);                        /* of all databases together */
DatabaseFigures capo_database_figures_of(const char *alias);

/* Called for each new connection before anything else runs on it, in the fiber that asked for it; it may run SQL there by
 * capo_sql_run and its like, which go to that connection (Django's connection_created). NULL: none. Gives the former. */
typedef void ConnectionCreated(const char *alias);
ConnectionCreated *capo_on_connection_created(ConnectionCreated *function);

/* Goes around each statement of this unit of work (Django's execute_wrapper): it calls next(…) or raises instead. Innermost last.
 *     static void refuse(const ExecutedStatement *statement, ExecuteNext *next) { capo_raise(500, "no SQL here"); }
 *     capo_execute_wrapper_push(refuse); … capo_execute_wrapper_pop();                                                         */
typedef struct ExecutedStatement {
    const char *sql;
    const Value *parameters; size_t count;
    const char *alias;
    bool many;                              /* one of several that go off together */
    void *inside;
} ExecutedStatement;
typedef void ExecuteNext(const ExecutedStatement *statement);
typedef void ExecuteWrapper(const ExecutedStatement *statement, ExecuteNext *next);
void capo_execute_wrapper_push(ExecuteWrapper *wrapper);
void capo_execute_wrapper_pop(void);
