/* Threads that take pieces of a task from whoever calls.
 *
 * OpenMP's team waits for every one of its threads, also for one that a busy machine does not let run: then all are as
 * slow as that one. Here a caller waits for nobody but those that have taken a piece: a helper that comes late finds
 * nothing left.
 */
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>

/* One piece of a task; `member`: which of those that take part, from 0, the caller. */
typedef void piece_fn(void *task, int64_t piece, int member);

static struct {
    pthread_mutex_t lock;
    pthread_cond_t work, done;
    piece_fn *fn;
    void *task;
    int64_t number; /* of the task */
    int64_t next, pieces, finished;
    int members, joined; /* that may take part in this task, and that do; the caller is the first */
    int helpers;         /* threads that there are */
    int busy;
} crew = {.lock = PTHREAD_MUTEX_INITIALIZER, .work = PTHREAD_COND_INITIALIZER, .done = PTHREAD_COND_INITIALIZER};

static void *crew_help(void *nothing) {
    pthread_mutex_lock(&crew.lock);
    for (;;) {
        if (crew.next >= crew.pieces || crew.joined >= crew.members) {
            pthread_cond_wait(&crew.work, &crew.lock);
            continue;
        }
        const int member = crew.joined++;
        const int64_t number = crew.number;
        while (crew.number == number && crew.next < crew.pieces) {
            const int64_t piece = crew.next++;
            pthread_mutex_unlock(&crew.lock);
            crew.fn(crew.task, piece, member);
            pthread_mutex_lock(&crew.lock);
            if (++crew.finished == crew.pieces) pthread_cond_signal(&crew.done);
        }
    }
    return nothing;
}

/* A forked process has none of the threads, and a lock that one of them may have held. */
static void crew_forget(void) {
    memset(&crew, 0, sizeof crew);
    pthread_mutex_init(&crew.lock, 0);
    pthread_cond_init(&crew.work, 0);
    pthread_cond_init(&crew.done, 0);
}

static void crew_watch_forks(void) { pthread_atfork(0, 0, crew_forget); }

/* Have so many helpers, or as many as the system gives. */
static void crew_grow(int helpers) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, crew_watch_forks);
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are the callers' */
    for (; crew.helpers < helpers; ++crew.helpers) {
        pthread_t thread;
        if (pthread_create(&thread, 0, crew_help, 0)) break;
        pthread_detach(thread);
    }
    pthread_sigmask(SIG_SETMASK, &before, 0);
}

/* All pieces of a task, by the caller and up to members - 1 helpers. Alone while another task is in work. */
static void crew_run(piece_fn *fn, void *task, int64_t pieces, int members) {
    pthread_mutex_lock(&crew.lock);
    if (crew.busy || members < 2 || pieces < 2) {
        pthread_mutex_unlock(&crew.lock);
        for (int64_t piece = 0; piece < pieces; ++piece) fn(task, piece, 0);
        return;
    }
    crew_grow(members - 1);
    crew.busy = 1;
    crew.fn = fn, crew.task = task, ++crew.number;
    crew.members = members, crew.joined = 1;
    crew.next = crew.finished = 0, crew.pieces = pieces;
    for (int i = 1; i < members && i < pieces; ++i) pthread_cond_signal(&crew.work);
    while (crew.next < pieces) {
        const int64_t piece = crew.next++;
        pthread_mutex_unlock(&crew.lock);
        fn(task, piece, 0);
        pthread_mutex_lock(&crew.lock);
        ++crew.finished;
    }
    while (crew.finished < pieces) pthread_cond_wait(&crew.done, &crew.lock);
    crew.busy = 0;
    crew.next = crew.pieces = 0;
    pthread_mutex_unlock(&crew.lock);
}
