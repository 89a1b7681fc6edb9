// Boost.JSON's functions, compiled once for whoever includes <boost/json.hpp>: Boost is used
// header-only here (docs/HACKING.md says why), and its own library is not linked.
#include <boost/json/src.hpp>
