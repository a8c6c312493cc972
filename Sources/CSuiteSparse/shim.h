#include <suitesparse/umfpack.h>
#include <suitesparse/klu.h>
