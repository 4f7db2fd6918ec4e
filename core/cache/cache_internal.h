/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of the cache share with each other, and with the page cache of core/web. */
#pragma once
#include <capo/arena.h>
#include <capo/cache.h>
#include <capo/error.h>

/* --- pack.c: values as bytes without pointers --- */

/* Appends; raises ERROR_VALUE for what cannot be kept. */
void cache_pack(Buffer *out, Value value);
/* The value of packed bytes, into which its texts point: they must live as long. False: they are not what cache_pack wrote. */
bool cache_unpack(const void *bytes, size_t size, Value *ret);

/* --- flight.c: one computation, however many wait for it --- */

/* Makes what is wanted and appends it to `ret`, packed; false: there is nothing that others could use. May raise. */
typedef bool FlightWork(void *argument, Buffer *ret);
typedef enum { FLIGHT_OWN, FLIGHT_SHARED, FLIGHT_NOTHING } FlightEnd;
/* FLIGHT_OWN: work ran here, its result is in *ret (empty: there was none). FLIGHT_SHARED: another fiber's work for this key ended while
 * this one waited, and *ret has a copy of its result. FLIGHT_NOTHING: that one had no result, or raised. Raises what work raises, and
 * ERROR_ABORTED. */
FlightEnd cache_flight(const char *key, FlightWork *work, void *argument, Buffer *ret);

/* --- cache.c --- */

/* Now, by the clock that tests can stop. */
int64_t cache_now_us(void);
/* The packed bytes under a key as the API's functions give it; false: not there. */
bool cache_get_packed(const char *key, const CacheOptions *options, CacheItem *ret);
void cache_set_packed(const char *key, const void *bytes, size_t size, int64_t timeout, const CacheOptions *options);
/* Names a key in all caches and versions: for cache_flight. */
char *cache_flight_name(const char *key, const CacheOptions *options);
bool cache_keeps_nothing(const CacheOptions *options);
