/* SPDX-License-Identifier: BSD-3-Clause */
/* Files of rows: what FILE and IMAGE fields hold (Django's FileField, ImageField and FieldFile).
 *
 *     MODEL(Post)
 *         IMAGE(cover, .upload_to = "covers/%Y/%m", .blank = true)
 *         FILE(notes, .upload_function = notes_name, .storage = "private", .blank = true)
 *     …
 *     capo_set_file(post, cover, capo_content_upload(capo_file(req, "cover")));
 *     capo_save(post);                                        // writes the file, then the row
 *     capo_file_url(post, cover);                             // "/media/covers/2026/11/boat.png"
 *
 * The member is the file's name in its storage (storage.h), a text; "" or NULL: there is none. A column of varchar(100). The file itself is
 * written when the row is saved, before it: what fails later leaves a file that no row names, never a row that names none. A row that is
 * changed or deleted leaves the file that it named: others may name it, and a transaction may be taken back.
 *
 * Templates have {{ post.cover }} (the name), {% if post.cover %}, {{ post.cover.url }}, .name, .path, .size, and of an IMAGE .width and .height.
 * Without a file all but the name raise ERROR_VALUE, as in Django. */
#pragma once
#include "orm.h"
#include <capo/storage.h>

/* The field's name, checked by the compiler. */
#define CAPO_FILE_OF(object, member) &(object)->capo, ((void)sizeof((object)->member), #member)

/* The content's name becomes the member's; at the next save of that field the content is written under the name that .upload_to makes of it,
 * and that one is the member's from then on. The content must last until then: an upload does, of this request. Assigning the member
 * by hand (post->cover = "covers/old.png") names a file that the storage has, and takes a content back that was not written yet. */
#define capo_set_file(object, member, content) capo_instance_set_file(CAPO_FILE_OF(object, member), (content))
/* Writes the content at once and saves the row: Django's post.cover.save(name, content). */
#define capo_file_save(object, member, content) capo_instance_save_file(CAPO_FILE_OF(object, member), (content), true)
/* Takes the name out of the row, saves it, and deletes the file; inside a transaction when that has been committed. */
#define capo_file_delete(object, member) capo_instance_delete_file(CAPO_FILE_OF(object, member), true)

/* Takes the name out of the row, which is to be saved, and leaves the file: what the check box "Clear" does. */
#define capo_clear_file(object, member) capo_instance_clear_file(CAPO_FILE_OF(object, member))

/* There is a file, or one that waits for the save. */
#define capo_has_file(object, member) capo_instance_has_file(CAPO_FILE_OF(object, member))
/* These raise ERROR_VALUE where there is none, or where it waits for the save. */
#define capo_file_url(object, member) capo_instance_file_url(CAPO_FILE_OF(object, member))
#define capo_file_path(object, member) capo_instance_file_path(CAPO_FILE_OF(object, member))
#define capo_file_size(object, member) capo_instance_file_size(CAPO_FILE_OF(object, member))
#define capo_file_open(object, member) capo_instance_open_file(CAPO_FILE_OF(object, member))
/* Of an IMAGE: in pixels; 0: it is none that images.h knows. Read from the file at each call: for lists keep them in .width_field. */
#define capo_file_width(object, member) capo_instance_image(CAPO_FILE_OF(object, member)).width
#define capo_file_height(object, member) capo_instance_image(CAPO_FILE_OF(object, member)).height

/* The same by name, for code that works on any model; without saving the row where `save` is false. ERROR_FIELD_DOES_NOT_EXIST. */
typedef struct FileDimensions { int64_t width, height; } FileDimensions;
void capo_instance_set_file(Instance *self, const char *field, FileContent content);
void capo_instance_save_file(Instance *self, const char *field, FileContent content, bool save);
void capo_instance_clear_file(Instance *self, const char *field);
void capo_instance_delete_file(Instance *self, const char *field, bool save);
bool capo_instance_has_file(Instance *self, const char *field);
const char *capo_instance_file_url(Instance *self, const char *field);
const char *capo_instance_file_url_or_null(Instance *self, const char *field);      /* NULL: no file, or a storage without addresses */
const char *capo_instance_file_path(Instance *self, const char *field);
int64_t capo_instance_file_size(Instance *self, const char *field);
StoredFile *capo_instance_open_file(Instance *self, const char *field);
FileDimensions capo_instance_image(Instance *self, const char *field);
/* Where the field's files are. */
FileStorage *capo_file_storage(const Field *field);
/* The name that .upload_to makes of this one, before the storage finds one that is free. */
const char *capo_file_generate_name(Instance *self, const Field *field, const char *file_name);
/* The value is the file of a row, as templates and forms have it. */
bool capo_is_field_file(Value value);
/* Its address; NULL: it is none, or its storage has no addresses. */
const char *capo_field_file_url(Value value);
/* The field's file as such a value; null without one. */
Value capo_instance_file_value(Instance *self, const Field *field);
