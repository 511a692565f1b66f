/* Pseudo-forces of a batch in one call: the whole network, without gradients (kernel.c and mixing.c have those).
 *
 * A batch of many molecules is cut into chunks, each of which one thread takes through all layers. Of a few molecules
 * every thread takes a run of atoms, and waits for the others once a layer, because messages come from atoms that may
 * be another's. Nothing is allocated; everything between two layers stays in the caches.
 * Symbols as in kernel.c and mixing.c.
 */
#include <math.h>
#include <omp.h>
#include <stdint.h>
#include <string.h>

#include "crew.h"

#define SMALLEST 1e-24f /* of a squared norm in the head, as in mixing.c */
#define TILE 40         /* atoms whose intermediate results a thread keeps at once */
#define CHUNK 80        /* atoms a thread, or so, that go through the layers together: more outgrow its L2 cache */

/* A product's weights as [n / panel, k, panel] and its bias [n], n filled up with zeros to whole panels. */
typedef struct {
    const float *w, *b;
    int64_t n, k;
} matrix_t;

/* `matrices`: for every layer the mixing of vectors, two of its update and two that make the next layer's messages
 * (the last layer has none); then for both blocks of the head the mixing of vectors and two of the scalar network.
 * filters [n_layers, F / lanes, n_grid, 3, lanes]; contexts [n_elements, 3F]; embedding [n_elements, F]. */
typedef struct {
    const matrix_t *matrices;
    const float *filters, *contexts, *embedding;
    int64_t n_features, n_layers;
    float scale, step, cutoff, epsilon;
    int32_t n_grid;
} network_t;

/* What all threads see of the atoms of a chunk. `x` and `mu` are there twice: a layer reads one and writes the other.
 * q [n, 2F] has room for norms behind each row; for `pairs` see geometry. */
typedef struct {
    int64_t *numbers, *first, *size, *pair_ptr;
    float *positions, *pull, *q, *x[2], *mu[2], *pairs;
    int64_t ldx;
} work_t;

/* What one thread needs for TILE atoms. */
typedef struct {
    float *mix, *dot, *hidden, *y, *s, *v;
} room_t;

/* Leading dimensions are multiples of the widest panel, 32 floats. */
static inline int64_t wide(int64_t n) { return (n + 31) / 32 * 32; }

/* LANES: floats of a vector. ROWS: of a tile of a product, as many as leave its sums, two vectors of weights and a
 * factor in registers. */
#define CAT(a, b) a##b
#if defined(GPFF_PORTABLE) && defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define CHOICE
#pragma GCC push_options
#pragma GCC target("arch=x86-64-v4")
#define NAME(f) CAT(f, _v4)
#define LANES 16
#define ROWS 14
#include "inference_body.h"
#undef NAME
#undef LANES
#undef ROWS
#pragma GCC pop_options
#pragma GCC push_options
#pragma GCC target("arch=x86-64-v3")
#define NAME(f) CAT(f, _v3)
#define LANES 8
#define ROWS 6
#include "inference_body.h"
#undef NAME
#undef LANES
#undef ROWS
#pragma GCC pop_options
#endif
#define NAME(f) CAT(f, _here)
#ifdef __AVX512F__
#define LANES 16
#define ROWS 14
#elif defined(__AVX__)
#define LANES 8
#define ROWS 6
#elif defined(__aarch64__)
#define LANES 4
#define ROWS 14
#else
#define LANES 4
#define ROWS 6
#endif
#include "inference_body.h"

typedef void share_fn(const network_t *, const work_t *, int64_t, int64_t, const room_t *, float *);

/* The version for this processor. */
static share_fn *choose(int *lanes) {
#ifdef CHOICE
    __builtin_cpu_init();
    if (__builtin_cpu_supports("x86-64-v4")) return *lanes = 16, share_v4;
    if (__builtin_cpu_supports("x86-64-v3")) return *lanes = 8, share_v3;
#endif
    return *lanes = LANES, share_here;
}

/* Floats of a vector here: a block of filters is one wide, a panel of weights two. */
int gpff_lanes(void) {
    int lanes;
    choose(&lanes);
    return lanes;
}

static float *take(float **from, int64_t floats) {
    float *here = *from;
    *from += wide(floats);
    return here;
}

/* Lay out the memory of a chunk from `base` on; the end is returned. */
static float *lay_out(const network_t *net, int64_t n, int64_t pairs, int n_threads, float *base, work_t *s,
                      room_t *rooms) {
    const int64_t F = net->n_features, ldx = wide(3 * F);
    float *at = base;
    s->numbers = (int64_t *)take(&at, 2 * n);
    s->first = (int64_t *)take(&at, 2 * n);
    s->size = (int64_t *)take(&at, 2 * n);
    s->pair_ptr = (int64_t *)take(&at, 2 * n);
    s->positions = take(&at, 3 * n);
    s->pull = take(&at, n);
    s->q = take(&at, n * 2 * F);
    s->ldx = ldx;
    for (int i = 0; i < 2; ++i) s->x[i] = take(&at, n * ldx), s->mu[i] = take(&at, n * 3 * F);
    s->pairs = take(&at, pairs);
    const int64_t tile = n < TILE ? n : TILE;
    for (int t = 0; t < n_threads; ++t) {
        room_t room, *r = rooms ? &rooms[t] : &room;
        r->mix = take(&at, tile * 3 * wide(2 * F));
        r->dot = take(&at, tile * F);
        r->hidden = take(&at, tile * wide(F));
        r->y = take(&at, tile * ldx);
        r->s = take(&at, tile * wide(F / 2 + 1));
        r->v = take(&at, tile * 3 * F / 2);
    }
    return at;
}

/* How a batch is gone about: `chunks` of whole molecules, one thread each and `members` threads at once; or, in turn,
 * chunks that a `team` shares. */
typedef struct {
    const int64_t *ptr;
    int64_t n_molecules, chunks;
    int members, team;
} way_t;

static way_t way_of(const int64_t *ptr, int64_t n_molecules, int team, int members) {
    const int64_t n_atoms = ptr[n_molecules];
    members = members < team ? team : members;
    members = members < n_molecules ? members : (int)n_molecules;
    way_t way = {ptr, n_molecules, (n_atoms + CHUNK - 1) / CHUNK, members, team};
    if (way.chunks < 2 || n_molecules < way.team || n_molecules < 2) { /* too few to go round */
        const int64_t together = (int64_t)CHUNK * team;
        way.chunks = (n_atoms + together - 1) / together;
        way.members = 1;
    } else {
        way.team = 1;
        way.chunks = (way.chunks + way.members - 1) / way.members * way.members; /* nobody waits while others have two */
    }
    return way;
}

/* The first molecule of chunk c: a molecule is where its middle is, of chunks of the same size. */
static int64_t first_of(const way_t *way, int64_t c) {
    int64_t low = 0, high = way->n_molecules;
    while (low < high) {
        const int64_t m = low + (high - low) / 2;
        if ((way->ptr[m] + way->ptr[m + 1]) * way->chunks / 2 < c * way->ptr[way->n_molecules]) low = m + 1;
        else high = m;
    }
    return low;
}

/* The chunk's molecules are [m, end); its atoms, and floats for its pairs. */
static int64_t chunk(const way_t *way, int64_t c, int64_t *m, int64_t *end, int64_t *pairs) {
    *m = first_of(way, c);
    *end = c + 1 < way->chunks ? first_of(way, c + 1) : way->n_molecules;
    *pairs = 0;
    for (int64_t i = *m; i < *end; ++i) {
        const int64_t n = way->ptr[i + 1] - way->ptr[i];
        *pairs += n * 6 * wide(n);
    }
    return way->ptr[*end] - way->ptr[*m];
}

/* Floats that each member needs. */
static int64_t room_of(const network_t *net, const way_t *way) {
    int64_t most = 0, m, end, pairs;
    for (int64_t c = 0; c < way->chunks; ++c) {
        const int64_t n = chunk(way, c, &m, &end, &pairs);
        work_t s;
        const int64_t floats = lay_out(net, n, pairs, way->team, 0, &s, 0) - (float *)0;
        if (floats > most) most = floats;
    }
    return most;
}

/* Floats of memory that gpff_forces asks for. */
int64_t gpff_forces_room(const network_t *net, const int64_t *ptr, int64_t n_molecules, int team, int members) {
    const way_t way = way_of(ptr, n_molecules, team, members);
    return room_of(net, &way) * way.members;
}

/* The molecules [m, end): centred in double precision, since one that is far from the origin must not lose digits,
 * and the skip's weight (painn.py, centred). */
static void prepare(const work_t *s, const int64_t *numbers, const double *positions, const int64_t *ptr, int64_t m,
                    int64_t end) {
    const int64_t base = ptr[m];
    int64_t pair = 0;
    for (; m < end; ++m) {
        const int64_t from = ptr[m], n = ptr[m + 1] - from;
        double mean[3] = {0.0, 0.0, 0.0}, square = 0.0;
        for (int64_t i = 0; i < n; ++i)
            for (int c = 0; c < 3; ++c) mean[c] += positions[3 * (from + i) + c];
        for (int c = 0; c < 3; ++c) mean[c] /= (double)n;
        for (int64_t i = 0; i < n; ++i)
            for (int c = 0; c < 3; ++c) {
                const double x = positions[3 * (from + i) + c] - mean[c];
                s->positions[3 * (from - base + i) + c] = (float)x;
                square += x * x;
            }
        const double excess = square / (3.0 * (double)n) - 4.0;
        const float pull = excess > 0.0 ? (float)(excess / (excess + 2.0)) : 0.0f;
        for (int64_t i = 0; i < n; ++i) {
            const int64_t a = from - base + i;
            s->numbers[a] = numbers[from + i];
            s->first[a] = from - base;
            s->size[a] = n;
            s->pull[a] = pull;
            s->pair_ptr[a] = pair;
            pair += 6 * wide(n);
        }
    }
}

typedef struct {
    const network_t *net;
    const way_t *way;
    const int64_t *numbers;
    const double *positions;
    float *room, *forces;
    int64_t floats; /* of room for each member */
    share_fn *share;
} batch_t;

static void forces_of_chunk(void *task, int64_t c, int member) {
    const batch_t *b = task;
    const int team = b->way->team;
    int64_t m, end, pairs;
    const int64_t n = chunk(b->way, c, &m, &end, &pairs);
    if (m == end) return;
    work_t s;
    room_t rooms[team];
    lay_out(b->net, n, pairs, team, b->room + member * b->floats, &s, rooms);
    prepare(&s, b->numbers, b->positions, b->way->ptr, m, end);
    float *forces = b->forces + 3 * b->way->ptr[m];
    if (team == 1) {
        b->share(b->net, &s, 0, n, rooms, forces);
        return;
    }
#pragma omp parallel num_threads(team)
    {
        const int64_t t = omp_get_thread_num(), of = omp_get_num_threads();
        b->share(b->net, &s, n * t / of, n * (t + 1) / of, &rooms[t], forces);
    }
}

/* forces [n_atoms, 3] Å of numbers [n_atoms], positions [n_atoms, 3] Å and ptr [n_molecules + 1]; `room` as
 * gpff_forces_room says, aligned to 64 bytes. `team`: threads for few molecules, `members`: for many, if that is more. */
void gpff_forces(const network_t *net, const int64_t *numbers, const double *positions, const int64_t *ptr,
                 int64_t n_molecules, float *room, float *forces, int team, int members) {
    int lanes;
    share_fn *share = choose(&lanes);
    const way_t way = way_of(ptr, n_molecules, team, members);
    batch_t batch = {net, &way, numbers, positions, room, forces, room_of(net, &way), share};
    crew_run(forces_of_chunk, &batch, way.chunks, way.members);
}
