#ifndef ALEA_BOOST_MATH_H
#define ALEA_BOOST_MATH_H
/* Boost.Math's special functions of statistics, with C linkage. Arguments outside a function's domain give NaN. */
#ifdef __cplusplus
extern "C" {
#endif

/* Regularised incomplete gamma functions P(a, x) and Q(a, x), and the inverse of P in x. */
double boost_gamma_p(double a, double x);
double boost_gamma_q(double a, double x);
double boost_gamma_p_inverse(double a, double p);

/* Regularised incomplete beta function I_x(a, b), its complement, and its inverse in x. */
double boost_beta_i(double a, double b, double x);
double boost_beta_ic(double a, double b, double x);
double boost_beta_i_inverse(double a, double b, double p);

/* The standard normal quantile. */
double boost_normal_quantile(double p);

#ifdef __cplusplus
}
#endif
#endif
