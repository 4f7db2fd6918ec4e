/* SPDX-License-Identifier: BSD-3-Clause */
/* What MariaDB and MySQL say of a failure, in Capo's codes (those of Django's mysqlclient) and in sentences; which constraint was broken. */
#include "mysql.h"
#include "../schema.h"
#include <errmsg.h>
#include <mysqld_error.h>
#include <stdio.h>
#include <string.h>

/* MySQL's own have numbers above 3000 that MariaDB's header does not know. */
enum { CHECK_FAILED_MARIADB = 4025, CHECK_FAILED_MYSQL = 3819, RECORD_CHANGED = 1020, UNSIGNED_OUT_OF_RANGE = 1690, MYSQL_QUERY_TIMEOUT = 3024, MYSQL_LOCK_NOWAIT = 3572, READ_ONLY_MODE = 1836 };

static const struct { unsigned number; int code; } codes[] = {
    { ER_DUP_ENTRY, ERROR_INTEGRITY }, { ER_NO_REFERENCED_ROW, ERROR_INTEGRITY }, { ER_NO_REFERENCED_ROW_2, ERROR_INTEGRITY }, { ER_ROW_IS_REFERENCED, ERROR_INTEGRITY },
    { ER_ROW_IS_REFERENCED_2, ERROR_INTEGRITY }, { ER_CANNOT_ADD_FOREIGN, ERROR_INTEGRITY }, { ER_BAD_NULL_ERROR, ERROR_INTEGRITY },
    { CHECK_FAILED_MARIADB, ERROR_INTEGRITY }, { CHECK_FAILED_MYSQL, ERROR_INTEGRITY }, { UNSIGNED_OUT_OF_RANGE, ERROR_INTEGRITY },
    { ER_WARN_DATA_OUT_OF_RANGE, ERROR_DATA }, { ER_DATA_TOO_LONG, ERROR_DATA }, { WARN_DATA_TRUNCATED, ERROR_DATA }, { ER_DATETIME_FUNCTION_OVERFLOW, ERROR_DATA },
    { ER_PRIMARY_CANT_HAVE_NULL, ERROR_DATA }, { ER_PARSE_ERROR, ERROR_PROGRAMMING }, { ER_SYNTAX_ERROR, ERROR_PROGRAMMING }, { ER_NO_SUCH_TABLE, ERROR_PROGRAMMING },
    { ER_DB_CREATE_EXISTS, ERROR_PROGRAMMING }, { ER_WRONG_DB_NAME, ERROR_PROGRAMMING }, { ER_WRONG_TABLE_NAME, ERROR_PROGRAMMING },
    { ER_FIELD_SPECIFIED_TWICE, ERROR_PROGRAMMING }, { ER_INVALID_GROUP_FUNC_USE, ERROR_PROGRAMMING }, { ER_TABLE_MUST_HAVE_COLUMNS, ERROR_PROGRAMMING },
    { ER_UNSUPPORTED_EXTENSION, ERROR_PROGRAMMING }, { ER_NOT_SUPPORTED_YET, ERROR_NOT_SUPPORTED }, { ER_FEATURE_DISABLED, ERROR_NOT_SUPPORTED },
    { ER_UNKNOWN_STORAGE_ENGINE, ERROR_NOT_SUPPORTED },
};

static const struct { unsigned number; const char *format; bool conflict; } advices[] = {
    { ER_LOCK_DEADLOCK, "Deadlock: %s. Two transactions waited for each other and this one was chosen to give way; roll back and try the whole transaction again", true },
    { RECORD_CHANGED, "Serialization failure: %s. Roll back and try the whole transaction again", true },
    { ER_LOCK_WAIT_TIMEOUT, "A lock was not free in time: %s", false },
    { ER_NO_SUCH_TABLE, "%s. Run `migrate`", false },
    { ER_BAD_FIELD_ERROR, "%s. Run `migrate`, if the models are newer than the tables", false },
    { ER_STATEMENT_TIMEOUT, "The statement was ended: %s", false },
    { MYSQL_QUERY_TIMEOUT, "The statement was ended: %s", false },
    { MYSQL_LOCK_NOWAIT, "A lock was not free in time: %s", false },
    { ER_DISK_FULL, "The server's disk is full: %s. Nothing of this change was kept", false },
    { ER_RECORD_FILE_FULL, "The server's disk is full, or the table has its largest size: %s. Nothing of this change was kept", false },
};

static bool is_lost(unsigned number)
{
    return number == CR_SERVER_GONE_ERROR || number == CR_SERVER_LOST || number == CR_SERVER_LOST_EXTENDED || number == ER_CONNECTION_KILLED
        || number == ER_SERVER_SHUTDOWN || number == CR_COMMANDS_OUT_OF_SYNC;
}

/* "Duplicate entry 'x' for key 'name'": the value may hold anything, the key is what stands last. MySQL writes the table before it. */
static BrokenConstraint broken_unique(const char *said)
{
    BrokenConstraint broken = { BROKEN_UNIQUE };
    const char *last = NULL;
    for (const char *at = said; (at = strstr(at, "for key '")); at++)
        last = at;
    const char *name = last ? capo_text_between(last, "for key '", "'") : NULL;
    const char *point = name ? strrchr(name, '.') : NULL;
    broken.name = point ? point + 1 : name;
    broken.table = point ? capo_strndup(name, (size_t)(point - name)) : NULL;
    return broken;
}

static BrokenConstraint broken_of(unsigned number, const char *said)
{
    switch (number) {
    case ER_DUP_ENTRY:
        return broken_unique(said);
    case CHECK_FAILED_MARIADB:                          /* CONSTRAINT `name` failed for `database`.`table` */
        return (BrokenConstraint){ BROKEN_CHECK, .name = capo_text_between(said, "CONSTRAINT `", "` failed for"), .table = capo_text_between(said, "`.`", "`") };
    case CHECK_FAILED_MYSQL:                            /* Check constraint 'name' is violated. */
        return (BrokenConstraint){ BROKEN_CHECK, .name = capo_text_between(said, "'", "' is violated") };
    case ER_NO_REFERENCED_ROW_2:                        /* … fails (`database`.`table`, CONSTRAINT `name` FOREIGN KEY (`column`) REFERENCES … */
        return (BrokenConstraint){ BROKEN_FOREIGN_KEY, .name = capo_text_between(said, "CONSTRAINT `", "` FOREIGN KEY"), .table = capo_text_between(said, "`.`", "`"),
                                   .columns = capo_names_between(said, "FOREIGN KEY (`", "`)") };
    case ER_BAD_NULL_ERROR:                             /* Column 'x' cannot be null */
        return (BrokenConstraint){ BROKEN_NOT_NULL, .columns = capo_names_between(said, "'", "' ") };
    default:
        return (BrokenConstraint){ BROKEN_NOTHING };
    }
}

static bool report(MysqlConnection *connection, unsigned number, const char *state, const char *said, DatabaseFailure *failure)
{
    snprintf(failure->state, sizeof failure->state, "%s", state);
    if (mysql_stopped || is_lost(number)) {
        mysql_unwatch(connection);          /* the library has closed the socket: its number may be another's soon */
        connection->head.lost = true;
        failure->lost = true;
        return capo_database_fails(failure, ERROR_OPERATIONAL, "The connection to %s broke: %s. The next statement opens another.", connection->address->shown, said);
    }
    /* It was prepared before another connection changed the table; its rows stand unread in this one, which is of no use now. */
    failure->stale = failure->answered = number == CR_NEW_STMT_METADATA;
    connection->head.lost = connection->head.lost || failure->stale;
    const char *format = "%s";
    for (size_t i = 0; i < sizeof advices / sizeof *advices; i++)
        if (advices[i].number == number) {
            format = advices[i].format;
            failure->conflict = advices[i].conflict;
        }
    connection->head.retired = connection->head.retired || number == ER_OPTION_PREVENTS_STATEMENT || number == READ_ONLY_MODE;
    failure->conflict = failure->conflict || failure->stale;
    int code = ERROR_OPERATIONAL;
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (codes[i].number == number)
            code = codes[i].code;
    if (code == ERROR_INTEGRITY)
        failure->broken = broken_of(number, said);
    const char *mark = strstr(format, "%s");
    return capo_database_fails(failure, code, "%.*s%s%s", (int)(mark - format), format, said, mark + 2);
}

bool mysql_report_connection(MysqlConnection *connection, DatabaseFailure *failure)
{
    return report(connection, mysql_errno(connection->mysql), mysql_sqlstate(connection->mysql), mysql_error(connection->mysql), failure);
}

bool mysql_report_statement(MysqlConnection *connection, MYSQL_STMT *statement, DatabaseFailure *failure)
{
    return report(connection, mysql_stmt_errno(statement), mysql_stmt_sqlstate(statement), mysql_stmt_error(statement), failure);
}
