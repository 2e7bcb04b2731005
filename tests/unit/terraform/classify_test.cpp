// SPDX-License-Identifier: Apache-2.0
#include "terraform/classify.hpp"

#include <gtest/gtest.h>

#include <array>

#include "policy/reasons.hpp"

namespace stackscaler::terraform {
namespace {

namespace reason = policy::reason;

struct Case {
  const char* text;
  Fault fault;
};

// Messages as Terraform's core, its backends and providers print them, shortened in the middle.
constexpr std::array kCases{
    // AWS
    Case{"Error: creating EC2 Instance: operation error EC2: RunInstances, https response error StatusCode: 403, "
         "RequestID: 1, api error UnauthorizedOperation: You are not authorized to perform this operation.",
         Fault::credentials},
    Case{"Error: configuring Terraform AWS Provider: validating provider credentials: retrieving caller identity from "
         "STS: operation error STS: GetCallerIdentity, https response error StatusCode: 403, api error "
         "InvalidClientTokenId: The security token included in the request is invalid.",
         Fault::credentials},
    Case{"Error: reading EC2 Instance: api error ExpiredToken: The provided token has expired.", Fault::credentials},
    Case{"api error RequestExpired\n\nError: api error ExpiredTokenException: The security token included in the "
         "request is expired",
         Fault::credentials},
    Case{"Error: No valid credential sources found\n\nPlease see https://registry.example/aws for more information",
         Fault::credentials},
    Case{"api error SignatureDoesNotMatch: The request signature we calculated does not match", Fault::credentials},
    Case{"api error AuthFailure: AWS was not able to validate the provided access credentials", Fault::credentials},
    Case{"Error: error configuring S3 Backend: NoCredentialProviders: no valid providers in chain", Fault::credentials},
    Case{"Error refreshing state: Unable to access object \"web\" in S3 bucket \"b\": operation error S3: HeadObject, "
         "https response error StatusCode: 403, api error Forbidden: 403 Forbidden",
         Fault::credentials},
    Case{"api error AccessDenied: Access Denied", Fault::credentials},
    Case{"api error OptInRequired: You are not subscribed to this service.", Fault::credentials},
    Case{"api error VcpuLimitExceeded: You have requested more vCPU capacity than your current vCPU limit of 32 "
         "allows for the instance bucket that the specified instance type belongs to.",
         Fault::quota},
    Case{"api error InstanceLimitExceeded: Your quota allows for 0 more running instance(s).", Fault::quota},
    Case{"api error InsufficientInstanceCapacity: We currently do not have sufficient m5.large capacity in the "
         "Availability Zone you requested (us-east-1e).",
         Fault::quota},
    Case{"api error MaxSpotInstanceCountExceeded: Max spot instance count exceeded", Fault::quota},
    Case{"api error AddressLimitExceeded: The maximum number of addresses has been reached.", Fault::quota},
    Case{"api error InsufficientFreeAddressesInSubnet: There are not enough free addresses in subnet", Fault::quota},
    Case{"api error RequestLimitExceeded: Request limit exceeded.", Fault::network},
    Case{"api error Throttling: Rate exceeded", Fault::network},
    Case{"api error ServiceUnavailable: Service is unable to handle request.", Fault::network},
    Case{"api error InvalidAMIID.NotFound: The image id '[ami-0000]' does not exist", Fault::config},
    Case{"api error InvalidSubnetID.NotFound: The subnet ID 'subnet-1' does not exist", Fault::config},
    Case{"api error Unsupported: Your requested instance type (t2.micro) is not supported in your requested "
         "Availability Zone (us-east-1e).",
         Fault::config},
    Case{"api error InvalidParameterCombination: Could not create volume with size 1GiB", Fault::config},
    Case{"Error: waiting for EC2 Instance (i-1) create: timeout while waiting for state to become 'running' (last "
         "state: 'pending', timeout: 10m0s)",
         Fault::timeout},
    // Google
    Case{"Error: Error creating instance: googleapi: Error 403: Quota 'CPUS' exceeded. Limit: 24.0 in region "
         "us-central1., quotaExceeded",
         Fault::quota},
    Case{"Error: Error waiting for instance to create: The zone 'projects/p/zones/z' does not have enough resources "
         "available to fulfill the request. ZONE_RESOURCE_POOL_EXHAUSTED",
         Fault::quota},
    Case{"Error: Attempted to load application default credentials since neither `credentials` nor `access_token` was "
         "set in the provider block. google: could not find default credentials",
         Fault::credentials},
    Case{"googleapi: Error 403: Required 'compute.instances.create' permission for 'projects/p'", Fault::credentials},
    Case{"Error: oauth2: cannot fetch token: 400 Bad Request", Fault::credentials},
    Case{"googleapi: Error 503: The service is currently unavailable., backendError", Fault::network},
    // Azure
    Case{"Error: building AzureRM Client: unable to build authorizer for Resource Manager API: could not configure "
         "AzureCli Authorizer",
         Fault::credentials},
    Case{"compute.VirtualMachinesClient#CreateOrUpdate: Failure sending request: StatusCode=409 -- Original Error: "
         "Code=\"OperationNotAllowed\" Message=\"Operation could not be completed as it results in exceeding approved "
         "standardDSv3Family Cores quota.\"",
         Fault::quota},
    Case{"Code=\"SkuNotAvailable\" Message=\"The requested VM size is not available in location westeurope\"",
         Fault::quota},
    Case{"Code=\"AllocationFailed\" Message=\"Allocation failed. We do not have sufficient capacity\"", Fault::quota},
    Case{"Code=\"AuthorizationFailed\" Message=\"The client does not have authorization to perform action\"",
         Fault::credentials},
    Case{"Error acquiring the state lock\nError message: state blob is already locked", Fault::lock},
    // Core
    Case{"Unsupported argument\nAn argument named \"foo\" is not expected here.", Fault::config},
    Case{"Unsupported block type\nBlocks of type \"x\" are not expected here.", Fault::config},
    Case{"Invalid reference\nA reference to a resource type must be followed by at least one attribute access.",
         Fault::config},
    Case{"Reference to undeclared input variable\nAn input variable with the name \"x\" has not been declared.",
         Fault::config},
    Case{"No value for required variable\nThe root module input variable \"ami\" is not set, and has no default value.",
         Fault::config},
    Case{"Missing required argument\nThe argument \"ami\" is required, but no definition was found.", Fault::config},
    Case{"Invalid value for variable\nThis was checked by the validation rule at main.tf:3,3-13.", Fault::config},
    Case{"Failed to read variables file\nGiven variables file prod.tfvars does not exist.", Fault::config},
    Case{"Unclosed configuration block\nThere is no closing brace for this block before the end of the file.",
         Fault::config},
    Case{"Unsupported Terraform Core version\nThis configuration does not support Terraform version 1.11.4.",
         Fault::config},
    Case{"Error acquiring the state lock\nError message: HTTP remote state already locked: ID=1\nLock Info:\n  ID: 1",
         Fault::lock},
    Case{"Backend initialization required: please run \"terraform init\"", Fault::init_needed},
    Case{"Inconsistent dependency lock file\nThe following dependency selections recorded in the lock file are "
         "inconsistent",
         Fault::init_needed},
    Case{"Module not installed\nThis module is not yet installed. Run \"terraform init\"", Fault::init_needed},
    Case{"Error: Backend configuration changed\n\nA change in the backend configuration has been detected",
         Fault::init_needed},
    // Plugins
    Case{"Plugin did not respond\nThe plugin encountered an error, and failed to respond to the "
         "plugin.(*GRPCProvider).ApplyResourceChange call. The plugin logs may contain more details.",
         Fault::provider_crash},
    Case{"Request cancelled\nThe plugin.(*GRPCProvider).PlanResourceChange request was cancelled.",
         Fault::provider_crash},
    Case{"Failed to load plugin schemas\nError while loading schemas for plugin components: Failed to obtain provider "
         "schema: Could not load the schema for provider: failed to instantiate provider: Unrecognized remote plugin "
         "message",
         Fault::provider_crash},
    Case{"Stack trace from the terraform-provider-aws_v5.100.0_x5 plugin:\n\npanic: runtime error: index out of range",
         Fault::provider_crash},
    // Registries, backends, hosts
    Case{"Error: Failed to query available provider packages\n\nCould not retrieve the list of available versions for "
         "provider hashicorp/aws: could not connect to registry: context deadline exceeded",
         Fault::network},
    Case{"Error: Failed to install provider\n\nError while installing hashicorp/aws v5.100.0: could not query provider "
         "registry: net/http: TLS handshake timeout",
         Fault::network},
    Case{"Error refreshing state: Failed to get state: GET http://h/x giving up after 3 attempt(s): dial tcp "
         "127.0.0.1:1: connect: connection refused",
         Fault::network},
    Case{"dial tcp: lookup ec2.eu-nowhere-1.example: no such host", Fault::network},
    Case{"tls: failed to verify certificate: x509: certificate signed by unknown authority", Fault::network},
    Case{"Error: HTTP remote state endpoint requires auth", Fault::credentials},
    Case{"Error: Failed to get existing workspaces: S3 bucket \"b\" does not exist.\n\nThe referenced S3 bucket must "
         "have been previously created. api error NoSuchBucket: The specified bucket does not exist",
         Fault::config},
    Case{"Error acquiring the state lock\nError message: Failed to lock: PUT http://h/lock giving up after 3 "
         "attempt(s): "
         "dial tcp 127.0.0.1:80: connect: connection refused",
         Fault::network},
    // Nothing to tell
    Case{"", Fault::other},
    Case{"Resource precondition failed", Fault::other},
    Case{"Saved plan is stale\nThe given plan file can no longer be applied", Fault::other},
};

class ClassifyTest : public ::testing::TestWithParam<Case> {};

TEST_P(ClassifyTest, TellsTheClass) {
  EXPECT_EQ(to_string(classify(GetParam().text)), to_string(GetParam().fault)) << GetParam().text;
}

INSTANTIATE_TEST_SUITE_P(RealMessages, ClassifyTest, ::testing::ValuesIn(kCases));

TEST(ClassifyStreamTest, AWordThatIsBrokenOverLinesIsFound) {
  EXPECT_EQ(classify("the\nrequest: no\n  such host"), Fault::network);
}

TEST(ClassifyStreamTest, WhatAProvisionerPrintedIsNoWordOfTerraforms) {
  PlanStream stream;
  Diagnostic diagnostic;
  diagnostic.error = true;
  diagnostic.summary = "local-exec provisioner error";
  diagnostic.detail = "Error running command 'x': exit status 1. Output: Invalid reference, connection refused";
  stream.diagnostics.push_back(diagnostic);

  EXPECT_EQ(classify(stream, ""), Fault::other);

  stream.diagnostics[0].summary = "creating EC2 Instance";
  EXPECT_EQ(classify(stream, ""), Fault::network);
}

TEST(ClassifyStreamTest, TheFirstErrorOfAClassDecidesAndWarningsDoNot) {
  PlanStream stream;
  for (const char* summary : {"Unsupported argument", "something happened", "api error VcpuLimitExceeded"}) {
    Diagnostic diagnostic;
    diagnostic.error = summary != std::string("Unsupported argument");
    diagnostic.summary = summary;
    stream.diagnostics.push_back(diagnostic);
  }

  EXPECT_EQ(classify(stream, "connection refused"), Fault::quota);
  EXPECT_EQ(classify(PlanStream(), "connection refused"), Fault::network);
}

TEST(ClassifyStreamTest, EachClassSaysWhatTheCallerDoes) {
  EXPECT_EQ(kind_of(Fault::config), ErrorKind::invalid_input);
  EXPECT_EQ(kind_of(Fault::credentials), ErrorKind::unauthorized);
  EXPECT_EQ(kind_of(Fault::quota), ErrorKind::unavailable);
  EXPECT_EQ(kind_of(Fault::lock), ErrorKind::conflict);
  EXPECT_EQ(kind_of(Fault::timeout), ErrorKind::timeout);
  EXPECT_EQ(reason_of(Fault::config, "X"), reason::kConfigInvalid);
  EXPECT_EQ(reason_of(Fault::credentials, "X"), reason::kCredentialsInvalid);
  EXPECT_EQ(reason_of(Fault::provider_crash, "X"), reason::kProviderCrashed);
  EXPECT_EQ(reason_of(Fault::network, "X"), reason::kNetworkError);
  EXPECT_EQ(reason_of(Fault::timeout, "X"), "X");
  EXPECT_EQ(reason_of(Fault::other, "X"), "X");
}

}  // namespace
}  // namespace stackscaler::terraform
