# SPDX-License-Identifier: Apache-2.0
output "instance_ids" {
  description = "By index, the oldest first."
  value       = aws_instance.app[*].id
}

output "dns_name" {
  description = "Where the load balancer answers."
  value       = aws_lb.web.dns_name
}
