// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <string_view>

#include "terraform/guard.hpp"

namespace stackscaler::terraform {

// By words in the type's name, so that a provider's new type is met too. A word too many costs a person the line
// allowDataLoss: true; one too few may cost them their data.
bool holds_data(const std::string& type) {
  constexpr std::array<std::string_view, 64> kWords{
      "_db_",       "_rds_",      "database",     "_volume_",      "_disk_",      "_bucket_",    "_efs_",
      "_fsx_",      "dynamodb",   "_sql_",        "_storage",      "elasticache", "_redis",      "_snapshot",
      "opensearch", "bigtable",   "bigquery",     "spanner",       "docdb",       "neptune",     "filestore",
      "cosmosdb",   "memorydb",   "redshift",     "elasticsearch", "_ebs_",       "_s3_",        "_glacier_",
      "_backup",    "_vault",     "keyspaces",    "qldb",          "timestream",  "_kinesis_",   "_msk_",
      "_kafka",     "_sqs_",      "_queue_",      "_pubsub_",      "_eventhub",   "_servicebus", "_mq_",
      "_ecr_",      "registry",   "_repository_", "_ami_",         "_image_",     "_blob_",      "_file_system_",
      "_share_",    "alloydb",    "firestore",    "_datastore_",   "_mysql",      "_postgres",   "_mariadb",
      "_mongo",     "_cassandra", "_kms_key_",    "_secret",       "_dlm_",       "_persistent", "_pvc_",
      "_log_group_"};
  // Joining a disk to a machine, or a rule to a thing, holds nothing itself.
  for (const std::string_view end : {"_attachment", "_association", "_policy", "_rule", "_record", "_notification"}) {
    if (type.ends_with(end)) return false;
  }
  const std::string padded = type + "_";
  return std::any_of(kWords.begin(), kWords.end(),
                     [&](std::string_view word) { return padded.find(word) != std::string::npos; });
}

}  // namespace stackscaler::terraform
