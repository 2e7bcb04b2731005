# SPDX-License-Identifier: Apache-2.0
terraform {
  required_version = ">= 1.5.0"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
}

# Credentials come from where the AWS provider always looks: environment, profile, instance role. None belongs here.
provider "aws" {
  region = var.region

  # Only for trials against an imitation of AWS; with a real account nothing is skipped.
  skip_credentials_validation = var.aws_endpoint != null
  skip_metadata_api_check     = var.aws_endpoint != null
  skip_requesting_account_id  = var.aws_endpoint != null

  dynamic "endpoints" {
    for_each = var.aws_endpoint == null ? [] : [var.aws_endpoint]
    content {
      ec2   = endpoints.value
      elb   = endpoints.value
      elbv2 = endpoints.value
      sts   = endpoints.value
    }
  }

  default_tags {
    tags = { "stackscaler:stack" = var.stack_id }
  }
}
