#!/bin/sh
# Records the streams of this folder anew with the terraform on PATH. Usage: record.sh OUTPUT_FOLDER
# terraform_data stacks only: no provider, no network.
set -eu
out=$(mkdir -p "$1" && cd "$1" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export CHECKPOINT_DISABLE=1 TF_IN_AUTOMATION=1 TF_INPUT=0
unset TF_CLI_CONFIG_FILE || true
cd "$work"

plan() { # NAME COUNT: the stream of a plan
  terraform plan -json -input=false -out=p.tfplan -var "instance_count=$2" >"$out/$1.jsonl" || true
}
apply() { terraform apply -auto-approve -input=false -var "instance_count=$1" >/dev/null; }
fresh() { rm -rf ./* .terraform* ; }

stack() {
  cat <<'T'
variable "instance_count" { type = number }
resource "terraform_data" "app" {
  count = var.instance_count
  input = "app-${count.index}"
}
output "ids" { value = terraform_data.app[*].id }
T
}

stack >main.tf
apply 1
plan plan_up 3
terraform apply -json -input=false p.tfplan >"$out/apply_up.jsonl"
terraform state pull >"$out/state_three.json"
plan plan_down 2
plan plan_nothing 3

# An instance of the middle is gone from the state.
cp terraform.tfstate keep.json
terraform state rm 'terraform_data.app[0]' >/dev/null
plan plan_hole_up 3
plan plan_hole_down 2
terraform state pull >"$out/state_hole.json"
cp keep.json terraform.tfstate

terraform taint 'terraform_data.app[1]' >/dev/null
plan plan_tainted 3
terraform state pull >"$out/state_tainted.json"
cp keep.json terraform.tfstate

sed -i 's/app-/web-/' main.tf
plan plan_update 4
sed -i 's/web-/app-/' main.tf

# Renamed with a moved block; forgotten with a removed block; replaced by a trigger; a foreign resource lost its block.
sed 's/"app"/"web"/; s/data.app/data.web/' main.tf >moved.txt && mv main.tf main.keep && mv moved.txt main.tf
printf 'moved {\n  from = terraform_data.app\n  to = terraform_data.web\n}\n' >>main.tf
plan plan_moved 3
mv main.keep main.tf
cp main.tf main.keep
printf 'resource "terraform_data" "db" { input = "db" }\n' >>main.tf
apply 3
cp main.keep main.tf
plan plan_foreign_delete 4
printf 'removed {\n  from = terraform_data.db\n  lifecycle { destroy = false }\n}\n' >>main.tf
plan plan_forget 4
cp main.keep main.tf
printf 'resource "terraform_data" "db" {\n  input = "db"\n  triggers_replace = ["x"]\n}\n' >>main.tf
plan plan_replace 4
printf 'nonsense "x" {}\n' >>main.tf
plan plan_error 4

# The count sits on a module; a dependent is counted alike.
fresh
mkdir node
printf 'resource "terraform_data" "vm" { input = "vm" }\noutput "id" { value = terraform_data.vm.id }\n' >node/main.tf
printf 'variable "instance_count" { type = number }\nmodule "node" {\n  source = "./node"\n  count = var.instance_count\n}\nresource "terraform_data" "attach" {\n  count = var.instance_count\n  input = module.node[count.index].id\n}\n' >main.tf
terraform init -input=false >/dev/null
apply 3
terraform state pull >"$out/state_module.json"
plan plan_module_down 2
plan plan_module_up 4

# A secret is an input and an output; an apply fails half way.
fresh
stack >main.tf
cat >>main.tf <<'T'
variable "token" {
  type      = string
  sensitive = true
  default   = "hunter2"
}
resource "terraform_data" "login" { input = var.token }
output "token" {
  value     = var.token
  sensitive = true
}
T
apply 1
plan plan_sensitive 2
fresh
stack | sed 's/  input = .*/  provisioner "local-exec" {\n    command = "exit ${count.index == 2 ? 1 : 0}"\n  }/' >main.tf
apply 1
plan discard 3
rm "$out/discard.jsonl"
terraform apply -json -input=false p.tfplan >"$out/apply_failed.jsonl" || true
terraform state pull >"$out/state_failed.json"

# The lock is held by a slow apply.
fresh
stack | sed 's/  input = .*/  provisioner "local-exec" {\n    command = "sleep 3"\n  }/' >main.tf
terraform apply -auto-approve -input=false -var instance_count=1 >/dev/null &
sleep 1
plan plan_locked 1
wait
