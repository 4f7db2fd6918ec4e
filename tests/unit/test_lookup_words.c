/* SPDX-License-Identifier: BSD-3-Clause */
/* Each look-up word of <capo/orm.h> once, on the rows of query_library.h. */
#include "query_library.h"

TEST(lookups_compare)
{
    query_library();
    EXPECT_TEXT(ids(capo_query(Book, .where = { .pages = GT(200) })), "3 4");
    EXPECT_TEXT(ids(capo_query(Book, .where = { .pages = GTE(200) })), "2 3 4");
    EXPECT_TEXT(ids(capo_query(Book, .where = { .pages = LT(200) })), "1");
    EXPECT_TEXT(ids(capo_query(Book, .where = { .pages = LTE(200) })), "1 2");
}

TEST(lookups_of_texts)
{
    query_library();
    EXPECT_TEXT(ids(capo_query(Book, .where = { .title = STARTSWITH("Alp") })), "1");
    EXPECT_TEXT(ids(capo_query(Book, .where = { .title = ISTARTSWITH("ALP") })), "1");
    EXPECT_TEXT(ids(capo_query(Book, .where = { .title = ENDSWITH("mma") })), "3");
    EXPECT_TEXT(ids(capo_query(Book, .where = { .title = IENDSWITH("TA") })), "2");
    EXPECT_TEXT(ids(capo_query(Book, .where = { .title = REGEX("^a") })), "");
    EXPECT_TEXT(ids(capo_query(Book, .where = { .title = IREGEX("^a") })), "1");
}

TEST(lookups_of_parts_of_dates)
{
    query_library();
    EXPECT_TEXT(ids(capo_query(Book, .where = { .published = YEAR(2021) })), "2 4");
    EXPECT_TEXT(ids(capo_query(Book, .where = { .published = LOOKUP("iso_year", 2020) })), "1");
    EXPECT_TEXT(ids(capo_query(Book, .where = { .published = LOOKUP("quarter", 4) })), "4");
    EXPECT_TEXT(ids(capo_query(Book, .where = { .published = MONTH(6) })), "2");
    EXPECT_TEXT(ids(capo_query(Book, .where = { .published = DAY(5) })), "1");
    EXPECT_TEXT(ids(capo_query(Book, .where = { .published = LOOKUP("week", 22) })), "2");
    EXPECT_TEXT(ids(capo_query(Book, .where = { .published = LOOKUP("week_day", 3) })), "2");
    EXPECT_TEXT(ids(capo_query(Book, .where = { .published = LOOKUP("iso_week_day", 2) })), "2");
    EXPECT_TEXT(ids(capo_query(Book, .where = { .published = LOOKUP("hour", 23) })), "4");
    EXPECT_TEXT(ids(capo_query(Book, .where = { .published = LOOKUP("minute", 30) })), "4");
    EXPECT_TEXT(ids(capo_query(Book, .where = { .published = LOOKUP("second", 0) })), "1 2 4");
    EXPECT_TEXT(ids(capo_query(Book, .where = { .published = ON_DATE(capo_date(2021, 6, 1)) })), "2");
    EXPECT_TEXT(ids(capo_query(Book, .where = { .published = LOOKUP("time__gte", capo_time(10, 0, 0, 0)) })), "1 4");
}
