/* A project's own command: `capo sampledata` fills an empty blog with something to look at. */
#include "blog.h"

static const char *const tags[] = { "c", "databases", "history", "performance", "testing", "tools" };

static const struct { const char *title, *body; int tags[3], n_tags, days_ago; } posts[] = {
    { "A small machine, well used", "The first version ran on a board with 64 MB of memory.\n\nThat was enough: the page is made from one query and a template.", { 0, 3 }, 2, 2 },
    { "What a transaction promises", "Either all of it happened or none of it did.\n\nEverything else about databases follows from that sentence.", { 1 }, 1, 5 },
    { "Reading a core dump in the morning", "Coffee first. Then the stack, from the bottom up.", { 0, 4, 5 }, 3, 9 },
    { "The year the compiler got kind", "An error that says what you meant is worth ten that say what it found.", { 0, 5 }, 2, 14 },
    { "Tests that a stranger can read", "A test is a story: given this, when that, then so.", { 4 }, 1, 21 },
    { "Why the index was not used", "Because the planner knew the table better than I did.", { 1, 3 }, 2, 33 },
    { "From punched cards to pull requests", "The cards had one advantage: nobody force-pushed them.", { 2, 5 }, 2, 48 },
    { "Counting instructions, not seconds", "Seconds are weather. Instructions are climate.", { 3, 4 }, 2, 70 },
    { "Notes on a quiet release", "Nothing broke. We looked twice.", { 5 }, 1, 95 },
    { "How long is a string", "Three answers: bytes, code points, and what a reader sees.", { 0 }, 1, 130 },
    { "A museum of error messages", "“Keyboard not found. Press F1 to continue.”", { 2, 5 }, 2, 180 },
    { "An unfinished thought", "This one is still a draft.", { 2 }, 1, -1 },
};

static const struct { int post; const char *name, *email, *body, *status; } comments[] = {
    { 0, "Ada", "ada@example.com", "How large was the binary?", COMMENT_SHOWN },
    { 0, "Grace", "grace@example.com", "Smaller than this comment thread, I hope.", COMMENT_SHOWN },
    { 1, "Edgar", "edgar@example.com", "All of it happened.", COMMENT_SHOWN },
    { 3, "Barbara", "barbara@example.com", "Mine said: did you mean 'published'?", COMMENT_WAITING },
};

static int sampledata(void)
{
    if (capo_exists(Post)) {
        capo_say("There are posts already; nothing was added.");
        return 0;
    }
    User *author = capo_first(User, .order_by = LIST("id"));
    if (!author)
        author = capo_create_user("ann", "ann@example.com", NULL);

    capo_begin();
    Tag *tag[6];
    for (int i = 0; i < 6; i++) {
        tag[i] = capo_new(Tag);
        tag[i]->name = tags[i];
        capo_save(tag[i]);
    }
    int64_t ids[12];
    for (int i = 0; i < 12; i++) {
        Post *post = capo_new(Post);
        post->title = posts[i].title;
        post->slug = capo_slugify(posts[i].title, false);
        post->body = posts[i].body;
        post->author_id = author->id;
        post->views = 7 * (12 - i);
        if (posts[i].days_ago >= 0)
            capo_set(post, published, ((DateTime){ capo_now().microseconds - posts[i].days_ago * INT64_C(86400000000) }));
        capo_save(post);
        ids[i] = post->id;
        for (int t = 0; t < posts[i].n_tags; t++)
            capo_add(post, "tags", tag[posts[i].tags[t]]->id);
    }
    for (int i = 0; i < 4; i++) {
        Comment *comment = capo_new(Comment);
        comment->post_id = ids[comments[i].post];
        comment->name = comments[i].name;
        comment->email = comments[i].email;
        comment->body = comments[i].body;
        comment->status = comments[i].status;
        capo_save(comment);
    }
    capo_commit();
    capo_say("Added 12 posts, 6 tags and 4 comments.");
    return 0;
}

const Command blog_commands[] = {
    { "sampledata", "Fill an empty blog with sample posts.", sampledata },
    { 0 }
};
