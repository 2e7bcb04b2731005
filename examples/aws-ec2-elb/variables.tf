# SPDX-License-Identifier: Apache-2.0
variable "instance_count" {
  description = "How many instances run. Stackscaler sets it; for a first apply by hand it is 1."
  type        = number
  default     = 1
  validation {
    condition     = var.instance_count >= 0 && var.instance_count <= 100 && floor(var.instance_count) == var.instance_count
    error_message = "instance_count must be a whole number from 0 to 100."
  }
}

variable "stack_id" {
  description = "The stack's id in Stackscaler; the tag stackscaler:stack of everything made here."
  type        = string
  default     = "web"
  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{0,30}$", var.stack_id))
    error_message = "stack_id must be up to 31 lower-case letters, digits and dashes, since names are made from it."
  }
}

variable "region" {
  description = "AWS region."
  type        = string
  default     = "us-east-1"
}

variable "vpc_id" {
  description = "The VPC that everything is in."
  type        = string
  validation {
    condition     = startswith(var.vpc_id, "vpc-")
    error_message = "vpc_id must be the id of a VPC (vpc-…)."
  }
}

variable "subnet_ids" {
  description = "Subnets in that VPC, in two availability zones or more; instances are spread over them by index."
  type        = list(string)
  validation {
    condition     = length(var.subnet_ids) > 0 && alltrue([for id in var.subnet_ids : startswith(id, "subnet-")])
    error_message = "subnet_ids must name at least one subnet (subnet-…)."
  }
}

variable "ami_id" {
  description = "A Debian or Ubuntu image. Fixed here and not looked up: a new image would replace every instance."
  type        = string
  validation {
    condition     = startswith(var.ami_id, "ami-")
    error_message = "ami_id must be the id of an image (ami-…)."
  }
}

variable "instance_type" {
  description = "EC2 instance type."
  type        = string
  default     = "t3.micro"
}

variable "client_cidrs" {
  description = "Who may reach the load balancer."
  type        = list(string)
  default     = ["10.0.0.0/8"]
  validation {
    condition     = alltrue([for cidr in var.client_cidrs : can(cidrhost(cidr, 0))])
    error_message = "client_cidrs must be CIDR blocks."
  }
}

variable "remote_write_url" {
  description = "Where the agent on each instance sends its metrics (Mimir: http://HOST:8080/api/v1/push). Reachable without a secret, from inside the VPC."
  type        = string
  validation {
    condition     = can(regex("^https?://[^@]+$", var.remote_write_url))
    error_message = "remote_write_url must be an http or https URL without credentials."
  }
}

variable "aws_endpoint" {
  description = "For local trials only: the URL of an imitation of AWS. Null means the real AWS."
  type        = string
  default     = null
}
