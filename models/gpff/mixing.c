/* PaiNN's mixing within an atom, its elementwise parts fused: one pass over memory where eager PyTorch takes ten.
 *
 * Symbols (Schütt et al. 2021, eqs. 9 and 10): mix = mu W^T holds V and W, [n_atoms, 3, 2F];
 * norm = sqrt(sum_c V_c^2 + eps); dot = sum_c V_c W_c; y [n_atoms, 3F] is the context network's answer to [q, norm].
 */
#include <math.h>
#include <stdint.h>

#if defined(GPFF_PORTABLE) && defined(__x86_64__)
#define CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CLONES
#endif

#define SMALLEST 1e-24f /* of a squared norm in the head: that of a zero vector has no gradient */

#define EACH_ATOM _Pragma("omp parallel for num_threads(n_threads) schedule(static)") for (int64_t a = 0; a < n; ++a)

CLONES static void gate_in(const float *restrict v, const float *restrict q, float *restrict ctx,
                           float *restrict dot, int64_t F, float eps) {
    const float *w = v + F;
    const int64_t s = 2 * F;
    for (int64_t f = 0; f < F; ++f) {
        const float v0 = v[f], v1 = v[s + f], v2 = v[2 * s + f];
        ctx[f] = q[f];
        ctx[F + f] = sqrtf(v0 * v0 + v1 * v1 + v2 * v2 + eps);
        dot[f] = v0 * w[f] + v1 * w[s + f] + v2 * w[2 * s + f];
    }
}

/* ctx = [q, norm], dot */
void gpff_gate_in(const float *mix, const float *q, float *ctx, float *dot, int64_t n, int64_t F, float eps,
                  int n_threads) {
    EACH_ATOM gate_in(mix + a * 6 * F, q + a * F, ctx + a * 2 * F, dot + a * F, F, eps);
}

CLONES static void gate_out(const float *restrict mix, const float *restrict dot, const float *restrict y,
                            const float *restrict q, const float *restrict mu, float *restrict q_out,
                            float *restrict mu_out, int64_t F) {
    for (int64_t f = 0; f < F; ++f) q_out[f] = q[f] + y[f] + y[2 * F + f] * dot[f];
    for (int64_t c = 0; c < 3; ++c) {
        const float *w = mix + c * 2 * F + F;
        for (int64_t f = 0; f < F; ++f) mu_out[c * F + f] = mu[c * F + f] + y[F + f] * w[f];
    }
}

/* q_out = q + y_1 + y_3 dot;  mu_out = mu + y_2 W */
void gpff_gate_out(const float *mix, const float *dot, const float *y, const float *q, const float *mu, float *q_out,
                   float *mu_out, int64_t n, int64_t F, int n_threads) {
    EACH_ATOM gate_out(mix + a * 6 * F, dot + a * F, y + a * 3 * F, q + a * F, mu + a * 3 * F, q_out + a * F,
                       mu_out + a * 3 * F, F);
}

CLONES static void gate_out_back(const float *restrict mix, const float *restrict dot, const float *restrict gq,
                                 const float *restrict gmu, float *restrict gy, int64_t F) {
    const int64_t s = 2 * F;
    const float *w = mix + F;
    for (int64_t f = 0; f < F; ++f) {
        gy[f] = gq[f];
        gy[F + f] = gmu[f] * w[f] + gmu[F + f] * w[s + f] + gmu[2 * F + f] * w[2 * s + f];
        gy[2 * F + f] = gq[f] * dot[f];
    }
}

/* Gradient of y from those of q_out and mu_out. */
void gpff_gate_out_backward(const float *mix, const float *dot, const float *gq, const float *gmu, float *gy,
                            int64_t n, int64_t F, int n_threads) {
    EACH_ATOM gate_out_back(mix + a * 6 * F, dot + a * F, gq + a * F, gmu + a * 3 * F, gy + a * 3 * F, F);
}

CLONES static void gate_in_back(const float *restrict mix, const float *restrict ctx, const float *restrict y,
                                const float *restrict gq, const float *restrict gmu, const float *restrict gctx,
                                float *restrict gmix, float *restrict gq_in, int64_t F) {
    for (int64_t f = 0; f < F; ++f) gq_in[f] = gq[f] + gctx[f];
    for (int64_t c = 0; c < 3; ++c) {
        const float *v = mix + c * 2 * F, *w = v + F;
        float *gv = gmix + c * 2 * F, *gw = gv + F;
        for (int64_t f = 0; f < F; ++f) {
            const float gdot = gq[f] * y[2 * F + f];
            gv[f] = gctx[F + f] * v[f] / ctx[F + f] + gdot * w[f];
            gw[f] = gmu[c * F + f] * y[F + f] + gdot * v[f];
        }
    }
}

/* Gradients of mix and of q; that of mu is gmu plus what comes back through mix. */
void gpff_gate_in_backward(const float *mix, const float *ctx, const float *y, const float *gq, const float *gmu,
                           const float *gctx, float *gmix, float *gq_in, int64_t n, int64_t F, int n_threads) {
    EACH_ATOM gate_in_back(mix + a * 6 * F, ctx + a * 2 * F, y + a * 3 * F, gq + a * F, gmu + a * 3 * F,
                           gctx + a * 2 * F, gmix + a * 6 * F, gq_in + a * F, F);
}

/* The head's gated blocks (painn.py, GatedBlock): mix = mu W^T holds V and W, [n_atoms, 3, 2G];
 * ctx [n_atoms, F + G] = [q, |V|]; y [n_atoms, 2G] = [s, gate] is the scalar network's answer. */

CLONES static void head_in(const float *restrict v, const float *restrict q, float *restrict ctx, int64_t F, int64_t G) {
    const int64_t s = 2 * G;
    for (int64_t f = 0; f < F; ++f) ctx[f] = q[f];
    for (int64_t f = 0; f < G; ++f) {
        const float square = v[f] * v[f] + v[s + f] * v[s + f] + v[2 * s + f] * v[2 * s + f];
        ctx[F + f] = sqrtf(square > SMALLEST ? square : SMALLEST);
    }
}

void gpff_head_in(const float *mix, const float *q, float *ctx, int64_t n, int64_t F, int64_t G, int n_threads) {
    EACH_ATOM head_in(mix + a * 6 * G, q + a * F, ctx + a * (F + G), F, G);
}

CLONES static void head_out(const float *restrict mix, const float *restrict y, float *restrict s_out,
                            float *restrict mu_out, int64_t G) {
    for (int64_t f = 0; f < G; ++f) s_out[f] = y[f];
    for (int64_t c = 0; c < 3; ++c)
        for (int64_t f = 0; f < G; ++f) mu_out[c * G + f] = y[G + f] * mix[c * 2 * G + G + f];
}

/* s_out = s, without its activation;  mu_out = gate W */
void gpff_head_out(const float *mix, const float *y, float *s_out, float *mu_out, int64_t n, int64_t G, int n_threads) {
    EACH_ATOM head_out(mix + a * 6 * G, y + a * 2 * G, s_out + a * G, mu_out + a * 3 * G, G);
}

CLONES static void head_out_back(const float *restrict mix, const float *restrict gs, const float *restrict gmu,
                                 float *restrict gy, int64_t G) {
    const int64_t s = 2 * G;
    const float *w = mix + G;
    for (int64_t f = 0; f < G; ++f) {
        gy[f] = gs[f];
        gy[G + f] = gmu[f] * w[f] + gmu[G + f] * w[s + f] + gmu[2 * G + f] * w[2 * s + f];
    }
}

/* Gradient of y from those of s_out and mu_out. */
void gpff_head_out_backward(const float *mix, const float *gs, const float *gmu, float *gy, int64_t n, int64_t G,
                            int n_threads) {
    EACH_ATOM head_out_back(mix + a * 6 * G, gs + a * G, gmu + a * 3 * G, gy + a * 2 * G, G);
}

CLONES static void head_in_back(const float *restrict mix, const float *restrict norm, const float *restrict gate,
                                const float *restrict gmu, const float *restrict gnorm, float *restrict gmix, int64_t G) {
    for (int64_t c = 0; c < 3; ++c) {
        const float *v = mix + c * 2 * G;
        float *gv = gmix + c * 2 * G, *gw = gv + G;
        for (int64_t f = 0; f < G; ++f) {
            gv[f] = norm[f] * norm[f] > SMALLEST ? gnorm[f] * v[f] / norm[f] : 0.0f;
            gw[f] = gmu[c * G + f] * gate[f];
        }
    }
}

/* Gradient of mix; that of q is the first part of gctx. */
void gpff_head_in_backward(const float *mix, const float *ctx, const float *y, const float *gmu, const float *gctx,
                           float *gmix, int64_t n, int64_t F, int64_t G, int n_threads) {
    EACH_ATOM head_in_back(mix + a * 6 * G, ctx + a * (F + G) + F, y + a * 2 * G + G, gmu + a * 3 * G,
                           gctx + a * (F + G) + F, gmix + a * 6 * G, G);
}
