// SPDX-License-Identifier: Apache-2.0
#include "kube/client.hpp"
#include "kube/config.hpp"
#include "kube/credentials.hpp"
#include "kube/events.hpp"
#include "kube/informer.hpp"
#include "kube/lease.hpp"
#include "kube/objects.hpp"
#include "kube/secret_data.hpp"
