// SPDX-License-Identifier: Apache-2.0
#include "metrics/prometheus_json.hpp"

#include <gtest/gtest.h>

namespace stackscaler::metrics {
namespace {

std::string vector_of(const std::string& result) {
  return R"({"status":"success","data":{"resultType":"vector","result":)" + result + "}}";
}
std::string sample(const std::string& value) {
  return vector_of(R"([{"metric":{"a":"b"},"value":[1767607200.5,")" + value + "\"]}]");
}
std::string of_type(const std::string& type, const std::string& result) {
  return R"({"status":"success","data":{"resultType":")" + type + R"(","result":)" + result + "}}";
}

struct ValueCase {
  std::string name;
  std::string body;
  double value;
};

class ValueTest : public testing::TestWithParam<ValueCase> {};

TEST_P(ValueTest, IsANumber) {
  const QueryAnswer answer = parse_query_answer(200, GetParam().body);

  ASSERT_TRUE(answer.value) << answer.missing;
  EXPECT_DOUBLE_EQ(*answer.value, GetParam().value);
  EXPECT_EQ(answer.missing, "");
}

INSTANTIATE_TEST_SUITE_P(Prometheus, ValueTest,
                         testing::Values(ValueCase{"Plain", sample("81.3"), 81.3}, ValueCase{"Zero", sample("0"), 0},
                                         ValueCase{"Negative", sample("-4.5"), -4.5},
                                         ValueCase{"Exponent", sample("1.7e+09"), 1.7e9},
                                         ValueCase{"Plus", sample("+3"), 3},
                                         ValueCase{"Scalar", of_type("scalar", R"([1,"7"])"), 7},
                                         ValueCase{"IntegerTime", vector_of(R"([{"metric":{},"value":[1,"2"]}])"), 2}),
                         [](const auto& one) { return one.param.name; });

struct MissingCase {
  std::string name;
  int status;
  std::string body;
  std::string missing;
};

class MissingTest : public testing::TestWithParam<MissingCase> {};

TEST_P(MissingTest, IsNamedAndNeverAValue) {
  const QueryAnswer answer = parse_query_answer(GetParam().status, GetParam().body);

  EXPECT_FALSE(answer.value);
  EXPECT_EQ(answer.missing, GetParam().missing);
}

const std::string kForeign = "the answer is not that of a Prometheus query API";

INSTANTIATE_TEST_SUITE_P(
    Prometheus, MissingTest,
    testing::Values(
        MissingCase{"EmptyVector", 200, vector_of("[]"), "no data"},
        MissingCase{
            "ThreeSeries", 200,
            vector_of(R"([{"metric":{},"value":[1,"1"]},{"metric":{},"value":[1,"1"]},{"metric":{},"value":[1,"1"]}])"),
            "3 series, 1 expected; aggregate the query, e.g. sum(...)"},
        MissingCase{"NaN", 200, sample("NaN"), "the value is NaN"},
        MissingCase{"PlusInf", 200, sample("+Inf"), "the value is +Inf"},
        MissingCase{"MinusInf", 200, sample("-Inf"), "the value is -Inf"},
        MissingCase{"NoNumber", 200, sample("12x"), "the value '12x' is not a number"},
        MissingCase{"EmptyNumber", 200, sample(""), "the value '' is not a number"},
        MissingCase{"DoubleSign", 200, sample("+"), "the value '+' is not a number"},
        MissingCase{"TooLarge", 200, sample("1e999"), "the value '1e999' is not a number"},
        MissingCase{"BareNumber", 200, vector_of(R"([{"metric":{},"value":[1,2]}])"), kForeign},
        MissingCase{"String", 200, of_type("string", R"([1,"5"])"), "the result is a string, not a number"},
        MissingCase{"Matrix", 200, of_type("matrix", R"([{"metric":{},"values":[[1,"5"]]}])"),
                    "the result is a range of samples; the query must give one number"},
        MissingCase{"Streams", 200, of_type("streams", "[]"),
                    "the result is log lines, not a number: it is a log query; wrap it, e.g. sum(rate(... [5m]))"},
        MissingCase{"Histogram", 200, vector_of(R"([{"metric":{},"histogram":[1,{}]}])"),
                    "the result is a histogram, not a number"},
        MissingCase{"NotJson", 200, "hello", "the answer is not JSON"},
        MissingCase{
            "HtmlInsteadOfJson", 200, "<html>",
            "this is not Prometheus: the answer is an HTML page; is the URL right, is there a login before it?"},
        MissingCase{"Cut", 200, R"({"status":"success","data":{)", "the answer is not JSON"},
        MissingCase{"Nothing", 200, "", "the answer is not JSON"}, MissingCase{"OtherJson", 200, "[1,2]", kForeign},
        MissingCase{"NullJson", 200, "null", kForeign}, MissingCase{"NoData", 200, R"({"status":"success"})", kForeign},
        MissingCase{"DataOfOtherType", 200, R"({"status":"success","data":7})", kForeign},
        MissingCase{"StatusOfOtherType", 200, R"({"status":1,"data":{}})", kForeign},
        MissingCase{"ResultOfOtherType", 200, vector_of(R"({"a":1})"), kForeign},
        MissingCase{"SeriesOfOtherType", 200, vector_of("[1]"), kForeign},
        MissingCase{"ErrorWith200", 200, R"({"status":"error","errorType":"timeout","error":"query timed out"})",
                    "Prometheus reports an error: timeout: query timed out"},
        MissingCase{"ErrorWithoutText", 200, R"({"status":"error"})", "Prometheus reports an error"},
        MissingCase{"BadQuery", 400,
                    R"({"status":"error","errorType":"bad_data","error":"1:4: parse error:\nunexpected"})",
                    "Prometheus answered HTTP 400: bad_data: 1:4: parse error: unexpected"},
        MissingCase{"SuccessWith500", 500, sample("5"), "Prometheus answered HTTP 500"},
        MissingCase{
            "Redirect", 302, "",
            "Prometheus answered HTTP 302: a redirect to another path, which is not followed; give the final URL"},
        MissingCase{"NoContent", 204, "", "Prometheus answered HTTP 204"},
        MissingCase{"Words", 503, "Service Unavailable\n", "Prometheus answered HTTP 503: Service Unavailable"},
        MissingCase{"ForeignBytes", 503, "caf\xe9", "Prometheus answered HTTP 503: caf?"},
        MissingCase{"Html", 502, "<html>\n<h1>Bad Gateway", "Prometheus answered HTTP 502"},
        MissingCase{"LongText", 500, std::string(5000, 'a'),
                    "Prometheus answered HTTP 500: " + std::string(197, 'a') + "..."}),
    [](const auto& one) { return one.param.name; });

TEST(PrometheusJsonTest, WarningsDoNotSpoilAValueAndAreKept) {
  const QueryAnswer answer = parse_query_answer(
      200, R"({"status":"success","warnings":["partial\nresponse"],"data":{"resultType":"scalar","result":[1,"2"]}})");

  EXPECT_EQ(answer.value, 2.0);
  EXPECT_EQ(answer.warnings, std::vector<std::string>{"partial response"});
}

TEST(PrometheusJsonTest, DeepNestingIsHarmless) {
  const QueryAnswer answer = parse_query_answer(200, std::string(500'000, '['));

  EXPECT_EQ(answer.missing, "the answer is not JSON");
}

TEST(OneLineTest, CutsAtACharacterBoundaryAndStripsControls) {
  EXPECT_EQ(one_line("  a\x01"
                     "b\r\nc\x7f"),
            "a b  c");
  EXPECT_EQ(one_line("\n\n"), "");
  EXPECT_EQ(one_line("abcdefgh", 6), "abc...");
  EXPECT_EQ(one_line("ab\xc3\xa9"
                     "defgh",
                     6),
            "ab...")
      << "é would be cut in half";
}

}  // namespace
}  // namespace stackscaler::metrics
