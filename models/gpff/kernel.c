/* Fused PaiNN messages for dense molecules, forward and backward.
 *
 * PaiNN filters depend on the distance alone, so they are evaluated once per optimiser step on a grid of
 * distances (radial.py) and every pair of atoms takes a linear interpolation of two table rows. No tensor
 * of the size of the edge list is ever stored: filters, products and sums stay in registers.
 *
 * Features come in blocks of B. A block's table ([grid, 3, B], some 200 kB) stays in the L2 cache and each
 * thread owns its blocks, so that the backward pass has no race and no per-thread copy of the table gradient.
 *
 * Plain C with OpenMP on purpose: it builds in a second without PyTorch's headers, and since the loader
 * resolves libgomp.so.1 to the copy that PyTorch has loaded, both share one pool of threads.
 */
#include <math.h>
#include <stdint.h>
#include <string.h>

#ifndef B /* features in a block: one register of floats */
#ifdef __AVX512F__
#define B 16
#else
#define B 8
#endif
#endif
typedef float vec __attribute__((vector_size(B * sizeof(float)), aligned(4), may_alias));

#if defined(GPFF_PORTABLE) && defined(__x86_64__)
#define CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CLONES
#endif

/* One ordered pair: table row, its two interpolation weights (times the cutoff) and the direction j - i. */
typedef struct {
    int32_t row;
    float w0, w1;
    float x, y, z;
} pair_t;

int gpff_pair_bytes(void) { return (int)sizeof(pair_t); }
int gpff_block(void) { return B; }

/* Pair geometry of every molecule, [n_i, n_i] row by row. Grid nodes are uniform in t = asinh(d / scale).
 * A distance that is not finite or past the grid gets weight zero and row zero: nothing reads out of bounds. */
void gpff_pairs(const float *positions, const int64_t *ptr, const int64_t *pair_ptr, int64_t n_molecules,
                float scale, float step, int32_t n_grid, float cutoff, pair_t *pairs, int n_threads) {
#pragma omp parallel for num_threads(n_threads) if (n_molecules > 1) schedule(static)
    for (int64_t m = 0; m < n_molecules; ++m) {
        const int64_t n = ptr[m + 1] - ptr[m];
        const float *x = positions + 3 * ptr[m];
        pair_t *out = pairs + pair_ptr[m];
        for (int64_t i = 0; i < n; ++i) {
            for (int64_t j = 0; j < i; ++j) {
                const float dx = x[3 * j] - x[3 * i], dy = x[3 * j + 1] - x[3 * i + 1],
                            dz = x[3 * j + 2] - x[3 * i + 2];
                const float d = sqrtf(dx * dx + dy * dy + dz * dz);
                pair_t p = {0, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f};
                if (d < cutoff) {
                    const float u = asinhf(d / scale) / step;
                    int32_t row = (int32_t)u;
                    if (row > n_grid - 2) row = n_grid - 2;
                    const float w = u - (float)row;
                    const float c = 0.5f * (cosf(d * (float)M_PI / cutoff) + 1.0f);
                    const float s = 1.0f / (d + 1.0f);
                    p.row = row;
                    p.w0 = (1.0f - w) * c;
                    p.w1 = w * c;
                    p.x = dx * s;
                    p.y = dy * s;
                    p.z = dz * s;
                }
                out[i * n + j] = p;
                p.x = -p.x;
                p.y = -p.y;
                p.z = -p.z;
                out[j * n + i] = p;
            }
            memset(&out[i * n + i], 0, sizeof(pair_t));
        }
    }
}

#define LOAD(p) (*(const vec *)(p))
#define ADD(p, v) (*(vec *)(p) += (v))

/* q[i] += sum_j Wq x_q[j];  mu[i] += sum_j WR x_R[j] dir_ij + Wmu x_mu[j] mu[j]   (one block of features) */
CLONES static void forward_block(const float *x, const float *q, const float *mu, const float *table, const pair_t *pairs,
                                 const int64_t *ptr, const int64_t *pair_ptr, int64_t n_molecules, int64_t F,
                                 float *q_out, float *mu_out) {
    for (int64_t m = 0; m < n_molecules; ++m) {
        const int64_t a = ptr[m], n = ptr[m + 1] - a;
        const float *xm = x + a * 3 * F;
        const float *mm = mu ? mu + a * 3 * F : 0;
        for (int64_t i = 0; i < n; ++i) {
            const pair_t *row = pairs + pair_ptr[m] + i * n;
            vec aq = LOAD(q + (a + i) * F), ax = {0}, ay = {0}, az = {0};
            if (mm) ax = LOAD(mm + i * 3 * F), ay = LOAD(mm + i * 3 * F + F), az = LOAD(mm + i * 3 * F + 2 * F);
            for (int64_t j = 0; j < n; ++j) {
                if (j == i) continue;
                const pair_t p = row[j];
                const float *t = table + (int64_t)p.row * 3 * B;
                const float *xj = xm + j * 3 * F;
                aq += (p.w0 * LOAD(t) + p.w1 * LOAD(t + 3 * B)) * LOAD(xj);
                const vec r = (p.w0 * LOAD(t + B) + p.w1 * LOAD(t + 4 * B)) * LOAD(xj + F);
                ax += r * p.x;
                ay += r * p.y;
                az += r * p.z;
                if (mm) {
                    const float *mj = mm + j * 3 * F;
                    const vec u = (p.w0 * LOAD(t + 2 * B) + p.w1 * LOAD(t + 5 * B)) * LOAD(xj + 2 * F);
                    ax += u * LOAD(mj);
                    ay += u * LOAD(mj + F);
                    az += u * LOAD(mj + 2 * F);
                }
            }
            *(vec *)(q_out + (a + i) * F) = aq;
            float *o = mu_out + (a + i) * 3 * F;
            *(vec *)o = ax;
            *(vec *)(o + F) = ay;
            *(vec *)(o + 2 * F) = az;
        }
    }
}

/* Shapes: x [n_atoms, 3F], q [n_atoms, F], mu [n_atoms, 3, F] or null (zero), table [F/B, n_grid, 3, B],
 * q_out [n_atoms, F], mu_out [n_atoms, 3, F]. */
void gpff_messages(const float *x, const float *q, const float *mu, const float *table, const pair_t *pairs, const int64_t *ptr,
                   const int64_t *pair_ptr, int64_t n_molecules, int64_t F, int32_t n_grid, float *q_out,
                   float *mu_out, int n_threads) {
    const int64_t blocks = F / B;
#pragma omp parallel for num_threads(n_threads) schedule(static)
    for (int64_t b = 0; b < blocks; ++b)
        forward_block(x + b * B, q + b * B, mu ? mu + b * B : 0, table + b * (int64_t)n_grid * 3 * B, pairs, ptr,
                      pair_ptr, n_molecules, F, q_out + b * B, mu_out + b * B);
}

/* Gradients of one block. Both directions of a pair share one filter, so its gradient is scattered once. */
CLONES static void backward_block(const float *x, const float *mu, const float *table, const pair_t *pairs,
                                  const int64_t *ptr, const int64_t *pair_ptr, int64_t n_molecules, int64_t F,
                                  const float *gq, const float *gmu, float *gx, float *gmu_in, float *gtable) {
    for (int64_t m = 0; m < n_molecules; ++m) {
        const int64_t a = ptr[m], n = ptr[m + 1] - a;
        const int64_t o = a * 3 * F;
        for (int64_t i = 0; i < n; ++i) {
            const pair_t *row = pairs + pair_ptr[m] + i * n;
            const int64_t oi = o + i * 3 * F;
            const vec xqi = LOAD(x + oi), xri = LOAD(x + oi + F), xmi = LOAD(x + oi + 2 * F);
            const vec gqi = LOAD(gq + (a + i) * F);
            const vec gxi = LOAD(gmu + oi), gyi = LOAD(gmu + oi + F), gzi = LOAD(gmu + oi + 2 * F);
            vec mxi = {0}, myi = {0}, mzi = {0};
            if (mu) mxi = LOAD(mu + oi), myi = LOAD(mu + oi + F), mzi = LOAD(mu + oi + 2 * F);
            vec aq = {0}, ar = {0}, am = {0}, bx = {0}, by = {0}, bz = {0};
            for (int64_t j = 0; j < i; ++j) {
                const pair_t p = row[j];
                const int64_t oj = o + j * 3 * F;
                const int64_t to = (int64_t)p.row * 3 * B;
                const float *t = table + to;
                float *g = gtable + to;
                const vec wq = p.w0 * LOAD(t) + p.w1 * LOAD(t + 3 * B);
                const vec wr = p.w0 * LOAD(t + B) + p.w1 * LOAD(t + 4 * B);
                const vec gqj = LOAD(gq + (a + j) * F), xqj = LOAD(x + oj), xrj = LOAD(x + oj + F);
                const vec gxj = LOAD(gmu + oj), gyj = LOAD(gmu + oj + F), gzj = LOAD(gmu + oj + 2 * F);
                /* direction j -> i points along +p, i -> j along -p */
                const vec di = gxi * p.x + gyi * p.y + gzi * p.z;
                const vec dj = gxj * p.x + gyj * p.y + gzj * p.z;
                aq += wq * gqj;
                ar -= wr * dj;
                ADD(gx + oj, wq * gqi);
                ADD(gx + oj + F, wr * di);
                const vec tq = xqj * gqi + xqi * gqj;
                const vec tr = xrj * di - xri * dj;
                ADD(g, p.w0 * tq);
                ADD(g + 3 * B, p.w1 * tq);
                ADD(g + B, p.w0 * tr);
                ADD(g + 4 * B, p.w1 * tr);
                if (mu) {
                    const vec wm = p.w0 * LOAD(t + 2 * B) + p.w1 * LOAD(t + 5 * B);
                    const vec xmj = LOAD(x + oj + 2 * F);
                    const vec ei = LOAD(mu + oj) * gxi + LOAD(mu + oj + F) * gyi + LOAD(mu + oj + 2 * F) * gzi;
                    const vec ej = mxi * gxj + myi * gyj + mzi * gzj;
                    am += wm * ej;
                    ADD(gx + oj + 2 * F, wm * ei);
                    const vec ui = wm * xmi, uj = wm * xmj;
                    bx += ui * gxj;
                    by += ui * gyj;
                    bz += ui * gzj;
                    ADD(gmu_in + oj, uj * gxi);
                    ADD(gmu_in + oj + F, uj * gyi);
                    ADD(gmu_in + oj + 2 * F, uj * gzi);
                    const vec tm = xmj * ei + xmi * ej;
                    ADD(g + 2 * B, p.w0 * tm);
                    ADD(g + 5 * B, p.w1 * tm);
                }
            }
            ADD(gx + oi, aq);
            ADD(gx + oi + F, ar);
            if (mu) {
                ADD(gx + oi + 2 * F, am);
                ADD(gmu_in + oi, bx);
                ADD(gmu_in + oi + F, by);
                ADD(gmu_in + oi + 2 * F, bz);
            }
        }
    }
}

/* Adds to gx [n_atoms, 3F], gmu_in [n_atoms, 3, F] (null with mu) and gtable (as table). */
void gpff_messages_backward(const float *x, const float *mu, const float *table, const pair_t *pairs,
                            const int64_t *ptr, const int64_t *pair_ptr, int64_t n_molecules, int64_t F,
                            int32_t n_grid, const float *gq, const float *gmu, float *gx, float *gmu_in,
                            float *gtable, int n_threads) {
    const int64_t blocks = F / B;
#pragma omp parallel for num_threads(n_threads) schedule(static)
    for (int64_t b = 0; b < blocks; ++b) {
        const int64_t o = b * B, to = b * (int64_t)n_grid * 3 * B;
        backward_block(x + o, mu ? mu + o : 0, table + to, pairs, ptr, pair_ptr, n_molecules, F, gq + o, gmu + o,
                       gx + o, mu ? gmu_in + o : 0, gtable + to);
    }
}
