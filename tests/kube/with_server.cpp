// SPDX-License-Identifier: Apache-2.0
//
// stk_kube_server COMMAND [ARGUMENT…]: runs the command with a real API server of its own, and ends with its exit
// status. The command's environment has KUBECONFIG (the administrator's) and KUBECTL. Exit status 3: a part is missing.
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "support/kube_server.hpp"

int main(int argc, char** argv) {
  using stackscaler::test::KubeServer;
  if (argc < 2) {
    std::fprintf(stderr, "usage: stk_kube_server COMMAND [ARGUMENT...]\n");
    return 2;
  }
  if (const std::string missing = KubeServer::missing(); !missing.empty()) {
    std::fprintf(stderr, "%s\n", missing.c_str());
    return 3;
  }
  KubeServer server;
  if (const auto started = server.start(); !started) {
    std::fprintf(stderr, "%s\n", started.error().message().c_str());
    return 1;
  }
  ::setenv("KUBECONFIG", server.admin_kubeconfig().c_str(), 1);
  ::setenv("KUBECTL", KubeServer::program("kubectl").c_str(), 1);
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::execvp(argv[1], argv + 1);
    std::perror(argv[1]);
    ::_exit(127);
  }
  int status = 0;
  if (pid < 0 || ::waitpid(pid, &status, 0) < 0) return 1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
