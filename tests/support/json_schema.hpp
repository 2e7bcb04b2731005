// SPDX-License-Identifier: Apache-2.0
//
// JsonSchema: whether a value fits a schema of an OpenAPI 3.1 document, as far as openapi.json uses schemas.
//
// Knows $ref, type (a list too), enum, required, properties, additionalProperties, items, oneOf, minimum, maximum,
// maxLength, format date-time. A keyword that it does not know and that is no annotation is a problem of the schema, so
// that nothing passes unseen.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace stackscaler::test {

class JsonSchema {
 public:
  explicit JsonSchema(nlohmann::json document) : document_(std::move(document)) {}

  [[nodiscard]] const nlohmann::json& document() const { return document_; }
  // What does not fit, each with its place; empty: it fits.
  [[nodiscard]] std::vector<std::string> problems(const nlohmann::json& schema, const nlohmann::json& value) const;
  // Follows a $ref of the document, if it is one.
  [[nodiscard]] const nlohmann::json& resolve(const nlohmann::json& node) const;

 private:
  void check(const nlohmann::json& schema, const nlohmann::json& value, const std::string& at,
             std::vector<std::string>& out) const;
  void check_object(const nlohmann::json& schema, const nlohmann::json& value, const std::string& at,
                    std::vector<std::string>& out) const;
  void check_scalar(const nlohmann::json& schema, const nlohmann::json& value, const std::string& at,
                    std::vector<std::string>& out) const;

  nlohmann::json document_;
};

}  // namespace stackscaler::test
