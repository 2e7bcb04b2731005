# SPDX-License-Identifier: Apache-2.0
#
# What `stackscaler stack doctor` asks: which instances carry the stack's tag. It is planned in a folder of its own, never
# applied, with the values of this folder's variable files; a change of the provider's settings in versions.tf goes here
# too. Its name does not end in .tf, so that Terraform takes it for no part of the stack.
variable "stack_id" {
  type    = string
  default = "web"
}

variable "region" {
  type    = string
  default = "us-east-1"
}

variable "aws_endpoint" {
  type    = string
  default = null
}

provider "aws" {
  region = var.region

  skip_credentials_validation = var.aws_endpoint != null
  skip_metadata_api_check     = var.aws_endpoint != null
  skip_requesting_account_id  = var.aws_endpoint != null

  dynamic "endpoints" {
    for_each = var.aws_endpoint == null ? [] : [var.aws_endpoint]
    content {
      ec2 = endpoints.value
      sts = endpoints.value
    }
  }
}

data "aws_instances" "stack" {
  instance_state_names = ["pending", "running", "stopping", "stopped"]
  filter {
    name   = "tag:stackscaler:stack"
    values = [var.stack_id]
  }
}

output "instances" {
  value = data.aws_instances.stack.ids
}
