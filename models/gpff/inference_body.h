/* The whole network for one instruction set: inference.c includes this once for each, NAME(f) tells them apart.
 *
 * Products are made here and not by a library: weights are packed once, nothing is copied between two steps, a row's
 * sum is taken in the same order whatever stands beside it, and no size of a batch has to be compiled first.
 */

#define PANEL (2 * LANES)

typedef float NAME(vec) __attribute__((vector_size(LANES * sizeof(float)), aligned(4), may_alias));
#define VEC NAME(vec)
#define AT(p) (*(VEC *)(p))
#define OF(p) (*(const VEC *)(p))

/* exp(x), relative error 1e-7 (Cephes); held between 1e-38 and 2e38. */
static inline float NAME(exp)(float x) {
    x = x < -87.0f ? -87.0f : x;
    x = x > 88.0f ? 88.0f : x;
    const float shifted = x * 1.44269504f + 12582912.0f; /* 1.5 * 2^23: rounds to an integer in the last bits */
    const float n = shifted - 12582912.0f;
    const float r = x - n * 0.693359375f + n * 2.12194440e-4f;
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * r * r + r + 1.0f;
    union { int32_t i; float f; } scale = {((int32_t)n + 127) << 23};
    return p * scale.f;
}

/* log(x) for finite x >= 1, relative error 1e-7 (Cephes). */
static inline float NAME(log)(float x) {
    union { float f; int32_t i; } bits = {x};
    const int32_t up = (bits.i & 0x7fffff) > 0x3504f3; /* mantissa above the square root of two */
    const float e = (float)((bits.i >> 23) - 127 + up);
    bits.i = (bits.i & 0x7fffff) | (up ? 0x3f000000 : 0x3f800000);
    const float t = bits.f - 1.0f, z = t * t;
    float p = 7.0376836292e-2f;
    p = p * t - 1.1514610310e-1f;
    p = p * t + 1.1676998740e-1f;
    p = p * t - 1.2420140846e-1f;
    p = p * t + 1.4249322787e-1f;
    p = p * t - 1.6668057665e-1f;
    p = p * t + 2.0000714765e-1f;
    p = p * t - 2.4999993993e-1f;
    p = p * t + 3.3333331174e-1f;
    return t + (p * t * z - 0.5f * z - 2.12194440e-4f * e) + 0.693359375f * e;
}

/* cos(x) for 0 <= x <= pi / 2, absolute error 1e-7 (its series). */
static inline float NAME(cos)(float x) {
    const float z = x * x;
    float p = 2.0876757e-9f;
    p = p * z - 2.7557319e-7f;
    p = p * z + 2.4801587e-5f;
    p = p * z - 1.3888889e-3f;
    p = p * z + 4.1666668e-2f;
    p = p * z - 0.5f;
    return p * z + 1.0f;
}

static void NAME(silu)(float *x, int64_t n) {
#pragma omp simd
    for (int64_t f = 0; f < n; ++f) x[f] = x[f] / (1.0f + NAME(exp)(-x[f]));
}

/* One tile of a product, `rows` known to the compiler: all sums stay in registers. */
static inline __attribute__((always_inline)) void NAME(tile)(const int rows, const float *a, int64_t lda, int64_t k,
                                                             const float *w, const float *bias, float *c,
                                                             int64_t ldc) {
    VEC low[ROWS], high[ROWS];
    const VEC b0 = OF(bias), b1 = OF(bias + LANES);
#pragma GCC unroll 16
    for (int r = 0; r < rows; ++r) low[r] = b0, high[r] = b1;
    for (int64_t i = 0; i < k; ++i, w += PANEL) {
        const VEC w0 = OF(w), w1 = OF(w + LANES);
#pragma GCC unroll 16
        for (int r = 0; r < rows; ++r) {
            const float f = a[r * lda + i];
            low[r] += f * w0;
            high[r] += f * w1;
        }
    }
#pragma GCC unroll 16
    for (int r = 0; r < rows; ++r) AT(c + r * ldc) = low[r], AT(c + r * ldc + LANES) = high[r];
}

/* c [rows, n] = a [rows, k] W^T + bias, n filled up to whole panels. */
static void NAME(product)(const float *a, int64_t lda, int64_t rows, const matrix_t *m, float *c, int64_t ldc) {
    const int64_t n_tiles = (rows + ROWS - 1) / ROWS;
    for (int64_t p = 0; p * PANEL < m->n; ++p) {
        const float *w = m->w + p * m->k * PANEL, *bias = m->b + p * PANEL;
        for (int64_t t = 0; t < n_tiles; ++t) { /* tiles of nearly the same size: a narrow one is slow */
            const int64_t first = rows * t / n_tiles, last = rows * (t + 1) / n_tiles;
            const float *from = a + first * lda;
            float *to = c + first * ldc + p * PANEL;
#define CASE(r)                                                      \
    case r:                                                          \
        NAME(tile)(r, from, lda, m->k, w, bias, to, ldc);            \
        break;
            switch (last - first) {
                CASE(1)
                CASE(2)
                CASE(3)
                CASE(4)
                CASE(5)
                CASE(6)
#if ROWS > 6
                CASE(7)
                CASE(8)
                CASE(9)
                CASE(10)
                CASE(11)
                CASE(12)
                CASE(13)
                CASE(14)
#endif
            }
#undef CASE
        }
    }
}

/* Two layers with SiLU between them; hidden is room for what stands there. */
static void NAME(scalar_net)(const float *a, int64_t lda, int64_t rows, const matrix_t *net, float *hidden, float *out,
                             int64_t ldo) {
    const int64_t width = wide(net[0].n);
    NAME(product)(a, lda, rows, &net[0], hidden, width);
    NAME(silu)(hidden, rows * width);
    NAME(product)(hidden, width, rows, &net[1], out, ldo);
}

/* What atom i of a molecule with n atoms at x sees of each: grid row, two weights, direction, six rows of `pitch`.
 * The same numbers as gpff_pairs in kernel.c. */
static void NAME(geometry)(const float *x, int64_t i, int64_t n, int64_t pitch, const network_t *net, float *out) {
    int32_t *rows = (int32_t *)out;
    float *w0 = out + pitch, *w1 = w0 + pitch, *px = w1 + pitch, *py = px + pitch, *pz = py + pitch;
    const float xi = x[3 * i], yi = x[3 * i + 1], zi = x[3 * i + 2];
    const float cutoff = net->cutoff, quarter = 0.5f * (float)M_PI / cutoff, scale = net->scale;
    const float per_step = 1.0f / net->step;
    const int32_t last = net->n_grid - 2;
#pragma omp simd
    for (int64_t j = 0; j < n; ++j) {
        const float dx = x[3 * j] - xi, dy = x[3 * j + 1] - yi, dz = x[3 * j + 2] - zi;
        const float distance = sqrtf(dx * dx + dy * dy + dz * dz);
        const int seen = distance < cutoff; /* not so for what is no number */
        const float d = seen ? distance : 0.0f, t = d / scale;
        const float u = NAME(log)(t + sqrtf(t * t + 1.0f)) * per_step;
        const int32_t below = (int32_t)u, row = below > last ? last : below;
        const float w = u - (float)row, c = NAME(cos)(d * quarter), s = 1.0f / (d + 1.0f);
        const float envelope = seen ? c * c : 0.0f;
        rows[j] = row;
        w0[j] = (1.0f - w) * envelope;
        w1[j] = w * envelope;
        px[j] = seen ? dx * s : 0.0f;
        py[j] = seen ? dy * s : 0.0f;
        pz[j] = seen ? dz * s : 0.0f;
    }
}

/* Messages to the atoms [from, to), one block of features, as forward_block in kernel.c; q in place. */
static void NAME(messages)(const work_t *s, const float *x, const float *mu, const float *table, int64_t from,
                           int64_t to, int64_t F, float *q, float *mu_out) {
    for (int64_t a = from; a < to; ++a) {
        const int64_t first = s->first[a], n = s->size[a], pitch = wide(n);
        const float *g = s->pairs + s->pair_ptr[a];
        const int32_t *rows = (const int32_t *)g;
        const float *w0 = g + pitch, *w1 = w0 + pitch, *px = w1 + pitch, *py = px + pitch, *pz = py + pitch;
        VEC aq = OF(q + a * 2 * F), ax = {0}, ay = {0}, az = {0};
        if (mu) ax = OF(mu + a * 3 * F), ay = OF(mu + a * 3 * F + F), az = OF(mu + a * 3 * F + 2 * F);
        for (int64_t j = 0; j < n; ++j) {
            if (first + j == a) continue;
            const float *t = table + (int64_t)rows[j] * 3 * LANES;
            const float *xj = x + (first + j) * s->ldx;
            const float v0 = w0[j], v1 = w1[j];
            aq += (v0 * OF(t) + v1 * OF(t + 3 * LANES)) * OF(xj);
            const VEC r = (v0 * OF(t + LANES) + v1 * OF(t + 4 * LANES)) * OF(xj + F);
            ax += r * px[j];
            ay += r * py[j];
            az += r * pz[j];
            if (mu) {
                const float *mj = mu + (first + j) * 3 * F;
                const VEC u = (v0 * OF(t + 2 * LANES) + v1 * OF(t + 5 * LANES)) * OF(xj + 2 * F);
                ax += u * OF(mj);
                ay += u * OF(mj + F);
                az += u * OF(mj + 2 * F);
            }
        }
        AT(q + a * 2 * F) = aq;
        float *o = mu_out + a * 3 * F;
        AT(o) = ax;
        AT(o + F) = ay;
        AT(o + 2 * F) = az;
    }
}

/* mixing.c's gate_in and gate_out, q and norm side by side in ctx as they enter the product; in place. */
static void NAME(gate_in)(const float *restrict v, float *restrict ctx, float *restrict dot, int64_t F, int64_t ldm,
                          float eps) {
    const float *w = v + F;
    for (int64_t f = 0; f < F; ++f) {
        const float v0 = v[f], v1 = v[ldm + f], v2 = v[2 * ldm + f];
        ctx[F + f] = sqrtf(v0 * v0 + v1 * v1 + v2 * v2 + eps);
        dot[f] = v0 * w[f] + v1 * w[ldm + f] + v2 * w[2 * ldm + f];
    }
}

static void NAME(gate_out)(const float *restrict mix, const float *restrict dot, const float *restrict y,
                           float *restrict q, float *restrict mu, int64_t F, int64_t ldm) {
    for (int64_t f = 0; f < F; ++f) q[f] += y[f] + y[2 * F + f] * dot[f];
    for (int64_t c = 0; c < 3; ++c)
        for (int64_t f = 0; f < F; ++f) mu[c * F + f] += y[F + f] * mix[c * ldm + F + f];
}

/* A block of the head: ctx [rows, ldc] holds q [F] and gets the G norms behind it; s_out [rows, lds] without the
 * activation that may follow, v [rows, 3, G]. */
static void NAME(gated)(const matrix_t *net, int64_t rows, int64_t F, int64_t G, float *ctx, int64_t ldc,
                        const float *mu, const room_t *room, float *s_out, int64_t lds, float *v) {
    const int64_t ldm = wide(2 * G);
    NAME(product)(mu, F, 3 * rows, &net[0], room->mix, ldm);
    for (int64_t r = 0; r < rows; ++r) {
        const float *m = room->mix + r * 3 * ldm;
        for (int64_t f = 0; f < G; ++f) {
            const float square = m[f] * m[f] + m[ldm + f] * m[ldm + f] + m[2 * ldm + f] * m[2 * ldm + f];
            ctx[r * ldc + F + f] = sqrtf(square > SMALLEST ? square : SMALLEST);
        }
    }
    NAME(scalar_net)(ctx, ldc, rows, &net[1], room->hidden, room->y, ldm);
    for (int64_t r = 0; r < rows; ++r) {
        const float *m = room->mix + r * 3 * ldm + G, *y = room->y + r * ldm;
        for (int64_t f = 0; f < G; ++f) s_out[r * lds + f] = y[f];
        for (int64_t c = 0; c < 3; ++c)
            for (int64_t f = 0; f < G; ++f) v[(r * 3 + c) * G + f] = y[G + f] * m[c * ldm + f];
    }
}

/* What one thread does: everything of the atoms [from, to). Of other atoms it reads x and mu of the layer before. */
static void NAME(share)(const network_t *net, const work_t *s, int64_t from, int64_t to, const room_t *room,
                        float *forces) {
    const int64_t F = net->n_features, ldx = s->ldx, ldm = wide(2 * F), ldy = wide(3 * F);
    const matrix_t *m = net->matrices;
    for (int64_t a = from; a < to; ++a) {
        memcpy(s->q + a * 2 * F, net->embedding + s->numbers[a] * F, F * sizeof(float));
        memcpy(s->x[0] + a * ldx, net->contexts + s->numbers[a] * 3 * F, 3 * F * sizeof(float));
        NAME(geometry)(s->positions + 3 * s->first[a], a - s->first[a], s->size[a], wide(s->size[a]), net,
                       s->pairs + s->pair_ptr[a]);
    }
    for (int64_t layer = 0; layer < net->n_layers; ++layer, m += 5) {
#pragma omp barrier
        const int64_t now = layer % 2, block = (int64_t)net->n_grid * 3 * LANES;
        const float *table = net->filters + layer * (F / LANES) * block;
        float *mu = s->mu[1 - now];
        for (int64_t b = 0; b < F / LANES; ++b) {
            const int64_t f = b * LANES;
            NAME(messages)(s, s->x[now] + f, layer ? s->mu[now] + f : 0, table + b * block, from, to, F, s->q + f,
                           mu + f);
        }
        for (int64_t a = from; a < to; a += TILE) {
            const int64_t rows = to - a < TILE ? to - a : TILE;
            float *q = s->q + a * 2 * F, *v = mu + a * 3 * F;
            NAME(product)(v, F, 3 * rows, &m[0], room->mix, ldm);
            for (int64_t r = 0; r < rows; ++r)
                NAME(gate_in)(room->mix + r * 3 * ldm, q + r * 2 * F, room->dot + r * F, F, ldm, net->epsilon);
            NAME(scalar_net)(q, 2 * F, rows, &m[1], room->hidden, room->y, ldy);
            for (int64_t r = 0; r < rows; ++r)
                NAME(gate_out)(room->mix + r * 3 * ldm, room->dot + r * F, room->y + r * ldy, q + r * 2 * F,
                               v + r * 3 * F, F, ldm);
            if (layer + 1 < net->n_layers)
                NAME(scalar_net)(q, 2 * F, rows, &m[3], room->hidden, s->x[1 - now] + a * ldx, ldx);
        }
    }
    m -= 2; /* the last layer makes no more messages */
    const int64_t G = F / 2, lds = wide(G + 1);
    float *last_mu = s->mu[net->n_layers % 2];
    for (int64_t a = from; a < to; a += TILE) {
        const int64_t rows = to - a < TILE ? to - a : TILE;
        NAME(gated)(m, rows, F, G, s->q + a * 2 * F, 2 * F, last_mu + a * 3 * F, room, room->s, lds, room->v);
        NAME(silu)(room->s, rows * lds);
        float *out = forces + 3 * a;
        NAME(gated)(m + 3, rows, G, 1, room->s, lds, room->v, room, room->dot, 1, out);
        for (int64_t r = 0; r < rows; ++r)
            for (int64_t c = 0; c < 3; ++c)
                out[3 * r + c] = 2.0f * (out[3 * r + c] - s->pull[a + r] * s->positions[3 * (a + r) + c]);
    }
}

#undef PANEL
#undef VEC
#undef AT
#undef OF
