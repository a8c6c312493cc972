#include "boostmath.h"

#include <boost/math/distributions/normal.hpp>
#include <boost/math/special_functions/beta.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <limits>

namespace {
using namespace boost::math::policies;
// Nothing throws across the C boundary: errors are values.
typedef policy<domain_error<ignore_error>, pole_error<ignore_error>, overflow_error<ignore_error>, evaluation_error<ignore_error>,
               underflow_error<ignore_error>, promote_double<false>>
    quiet;
const double nan_value = std::numeric_limits<double>::quiet_NaN();
}  // namespace

double boost_gamma_p(double a, double x) { return a > 0 && x >= 0 ? boost::math::gamma_p(a, x, quiet()) : nan_value; }
double boost_gamma_q(double a, double x) { return a > 0 && x >= 0 ? boost::math::gamma_q(a, x, quiet()) : nan_value; }
double boost_gamma_p_inverse(double a, double p) {
  return a > 0 && p >= 0 && p <= 1 ? boost::math::gamma_p_inv(a, p, quiet()) : nan_value;
}
double boost_beta_i(double a, double b, double x) {
  return a > 0 && b > 0 && x >= 0 && x <= 1 ? boost::math::ibeta(a, b, x, quiet()) : nan_value;
}
double boost_beta_ic(double a, double b, double x) {
  return a > 0 && b > 0 && x >= 0 && x <= 1 ? boost::math::ibetac(a, b, x, quiet()) : nan_value;
}
double boost_beta_i_inverse(double a, double b, double p) {
  return a > 0 && b > 0 && p >= 0 && p <= 1 ? boost::math::ibeta_inv(a, b, p, quiet()) : nan_value;
}
double boost_normal_quantile(double p) {
  if (!(p > 0 && p < 1))
    return p == 0 ? -std::numeric_limits<double>::infinity() : p == 1 ? std::numeric_limits<double>::infinity() : nan_value;
  return boost::math::quantile(boost::math::normal_distribution<double, quiet>(0.0, 1.0), p);
}
