# The smallest stack that Stackscaler can size: one counted resource and the variable that says how many.
# terraform_data is built into Terraform, so nothing is downloaded and nothing costs money.

terraform {
  required_version = ">= 1.4"
}

variable "instance_count" {
  description = "How many instances the stack has. Stackscaler writes it."
  type        = number
  default     = 1

  validation {
    condition     = var.instance_count >= 0
    error_message = "A stack can't have fewer than 0 instances."
  }
}

resource "terraform_data" "app" {
  count = var.instance_count
  input = { name = "app-${count.index}" }
}

output "instances" {
  value = terraform_data.app[*].output.name
}
