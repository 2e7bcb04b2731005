// SPDX-License-Identifier: Apache-2.0
//
// ModelServer: an HTTP server on a thread of its own that answers as Gemini's generateContent does, with the model's
// words and status that the test sets. All members may be called from the test's thread.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "support/threaded_server.hpp"

namespace stackscaler::e2e {

class ModelServer {
 public:
  ModelServer();
  ModelServer(const ModelServer&) = delete;
  ModelServer& operator=(const ModelServer&) = delete;

  // What the model says from now on; another status than 200 is answered with an error that holds `words`.
  void say(std::string words, int status = 200);
  [[nodiscard]] std::string url() const { return "http://" + server_.address(); }
  // The bodies and the keys that came.
  [[nodiscard]] std::vector<std::string> bodies() const;
  [[nodiscard]] std::vector<std::string> keys() const;

 private:
  [[nodiscard]] http::Response answer(const http::IncomingRequest& request);

  mutable std::mutex mutex_;
  std::string words_;
  int status_ = 200;
  std::vector<std::string> bodies_;
  std::vector<std::string> keys_;
  test::ThreadedServer server_;
};

}  // namespace stackscaler::e2e
