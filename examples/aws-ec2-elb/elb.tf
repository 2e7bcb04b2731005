# SPDX-License-Identifier: Apache-2.0
#
# A classic load balancer. Each instance is attached by a resource of its own with the same count, so that a scaling
# creates and deletes and never updates: the balancer itself stays out of every plan.
resource "aws_elb" "web" {
  name            = var.stack_id
  subnets         = var.subnet_ids
  security_groups = [aws_security_group.lb.id]

  listener {
    lb_port           = 80
    lb_protocol       = "http"
    instance_port     = 80
    instance_protocol = "http"
  }
  health_check {
    target              = "HTTP:80/"
    interval            = 15
    timeout             = 5
    healthy_threshold   = 2
    unhealthy_threshold = 3
  }
  connection_draining = true
}

resource "aws_elb_attachment" "app" {
  count = var.instance_count

  elb      = aws_elb.web.id
  instance = aws_instance.app[count.index].id
}
