"""What a database says of its tables, in words that can be compared: tables(url) gives {table: [line, …]}.

Two things are one here: PostgreSQL's identity columns (Django since 4.1) and serial ones (before), and MariaDB's uuid (Django since 5.0)
and char(32) (before): Debian's Django is the older."""
import re
import sqlite3

OWN = {"capo_migration_checksums", "capo_migration_journal"}


def address(url):
    kind, user, password, host, port, name = re.match(r"(\w+)://([^:]*):([^@]*)@([^:]*):(\d+)/(\w+)", url).groups()
    return dict(user=user, password=password, host=host, port=int(port), name=name)


def connect(url):
    if url.startswith("sqlite:"):
        return sqlite3.connect(url[len("sqlite:"):])
    a = address(url)
    if url.startswith("postgresql:"):
        import psycopg2
        return psycopg2.connect(user=a["user"], password=a["password"], host=a["host"], port=a["port"], dbname=a["name"])
    import MySQLdb
    return MySQLdb.connect(user=a["user"], passwd=a["password"], host=a["host"], port=a["port"], db=a["name"], charset="utf8mb4")


def rows(connection, sql, *values):
    cursor = connection.cursor()
    cursor.execute(sql, values)
    return [tuple(x.decode() if isinstance(x, bytes) else x for x in row) for row in cursor.fetchall()]


def sqlite(c):
    found = {}
    for table, sql in rows(c, "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"):
        lines = ["autoincrement"] if "AUTOINCREMENT" in sql.upper() else []
        for _, name, kind, notnull, default, pk, hidden in rows(c, f'PRAGMA table_xinfo("{table}")'):
            lines.append(f"column {name} {kind} notnull={notnull} default={default} pk={pk}")
        for _, name, unique, origin, partial in rows(c, f'PRAGMA index_list("{table}")'):
            columns = [(n, d) for _, _, n, d, _, key in rows(c, f'PRAGMA index_xinfo("{name}")') if key]
            lines.append(f"index {'(its own)' if name.startswith('sqlite_') else name} unique={unique} {origin} partial={partial} {columns}")
        for key in rows(c, f'PRAGMA foreign_key_list("{table}")'):
            lines.append(f"key {key[3]} to {key[2]}.{key[4]} {key[5]} {key[6]}")
        lines += ["deferred"] * sql.upper().count("DEFERRABLE INITIALLY DEFERRED")
        lines += ["check " + x for x in checks(sql)]
        lines += ["constraint " + x for x in re.findall(r'CONSTRAINT "(\w+)" (?:UNIQUE|CHECK)', sql)]
        found[table] = sorted(lines)
    return found


def checks(sql):
    """The bodies of CHECK (…), without blanks and double parentheses."""
    for match in re.finditer(r"CHECK\s*\(", sql, re.I):
        depth, at = 1, match.end()
        while depth:
            depth += {"(": 1, ")": -1}.get(sql[at], 0)
            at += 1
        yield re.sub(r"[\s()`]", "", sql[match.end():at - 1]).lower()


def postgresql(c):
    found = {}
    for (table,) in rows(c, "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"):
        lines = []
        for name, kind, notnull, default, identity, collation in rows(c, """
                SELECT attname, format_type(atttypid, atttypmod), attnotnull, pg_get_expr(adbin, adrelid), attidentity, attcollation::regcollation::text
                FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
                WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped""", f'public."{table}"'):
            if identity or (default or "").startswith("nextval("):
                default = "automatic"
            lines.append(f"column {name} {kind} notnull={notnull} default={default} {collation}")
        for name, what in rows(c, "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = %s::regclass", f'public."{table}"'):
            lines.append(f"constraint {name} {what}")
        for name, what in rows(c, "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename = %s", table):
            lines.append(f"index {what}")
        found[table] = sorted(lines)
    for (sequence,) in rows(c, "SELECT relname FROM pg_class WHERE relkind = 'S'"):
        found["sequence " + sequence] = []
    return found


def mysql(c):
    found = {}
    checks = "SELECT constraint_name, check_clause FROM information_schema.check_constraints WHERE constraint_schema = DATABASE() AND table_name = %s"
    if "MariaDB" not in rows(c, "SELECT VERSION()")[0][0]:          # MySQL: names are the schema's, and the table is not said
        checks = checks.replace("WHERE", "JOIN information_schema.table_constraints USING (constraint_schema, constraint_name) WHERE")
    for table, engine, collation in rows(c, "SELECT table_name, engine, table_collation FROM information_schema.tables WHERE table_schema = DATABASE()"):
        lines = [f"engine {engine} {collation}"]
        for name, kind, nullable, default, extra, collation in rows(c, """SELECT column_name, column_type, is_nullable, column_default, extra, collation_name
                FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = %s""", table):
            if kind in ("uuid", "char(32)"):
                kind, collation = "uuid", None
            lines.append(f"column {name} {kind} {nullable} default={default} {extra} {collation}")
        for name, unique, columns in rows(c, """SELECT index_name, non_unique, GROUP_CONCAT(CONCAT(column_name, ' ', IFNULL(collation, '')) ORDER BY seq_in_index)
                FROM information_schema.statistics WHERE table_schema = DATABASE() AND table_name = %s GROUP BY index_name, non_unique""", table):
            lines.append(f"index {name} non_unique={unique} {columns}")
        for name, column, target, other in rows(c, """SELECT constraint_name, column_name, referenced_table_name, referenced_column_name
                FROM information_schema.key_column_usage WHERE table_schema = DATABASE() AND table_name = %s AND referenced_table_name IS NOT NULL""", table):
            lines.append(f"key {name} {column} to {target}.{other}")
        for name, clause in rows(c, checks, table):
            lines.append(f"check {name} " + re.sub(r"[\s()]", "", clause))
        found[table] = sorted(lines)
    return found


def tables(url):
    connection = connect(url)
    try:
        kind = url.split(":")[0]
        found = {"sqlite": sqlite, "postgresql": postgresql, "mysql": mysql}[kind](connection)
    finally:
        connection.close()
    return {k: v for k, v in found.items() if k.replace("sequence ", "").replace("_id_seq", "") not in OWN}


def fresh(url, name):
    """An empty database of this name beside the one of the URL; its URL."""
    connection = connect(url)
    if url.startswith("postgresql:"):
        connection.autocommit = True
    cursor = connection.cursor()
    cursor.execute(f"DROP DATABASE IF EXISTS {name}")
    cursor.execute(f"CREATE DATABASE {name}" + (" CHARACTER SET utf8mb4" if url.startswith("mysql:") else ""))
    connection.close()
    return url.rsplit("/", 1)[0] + "/" + name
