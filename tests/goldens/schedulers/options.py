"""Makes options.json and options.safetensors: scheduler options that the other cases here leave out.

Run in this folder with diffusers 0.27.0, torch and safetensors installed. The "network" is the other cases':
0.9 * sin(1.3 * scaled_input + t / 1000).
"""
import json
import torch
import diffusers
from safetensors.torch import save_file

LATENT = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
V = {**LATENT, "prediction_type": "v_prediction"}
CASES = {
    "ddim_defaults": (7, "DDIM", {}),
    "ddim_zero_snr": (7, "DDIM", {**V, "timestep_spacing": "trailing", "rescale_betas_zero_snr": True,
                                  "clip_sample": False}),
    "ddim_cosine_sample": (7, "DDIM", {"beta_schedule": "squaredcos_cap_v2", "prediction_type": "sample",
                                       "timestep_spacing": "linspace", "clip_sample_range": 0.5}),
    "ddim_trained_betas": (3, "DDIM", {"num_train_timesteps": 6, "trained_betas": [.01, .02, .04, .08, .16, .32]}),
    "pndm_defaults": (7, "PNDM", {}),
    "pndm_trailing": (7, "PNDM", {**LATENT, "timestep_spacing": "trailing", "skip_prk_steps": True}),
    "pndm_linspace": (7, "PNDM", {**V, "timestep_spacing": "linspace", "set_alpha_to_one": True}),
    "pndm_one_step": (1, "PNDM", {**V, "skip_prk_steps": True}),
    "dpm_defaults": (7, "DPMSolverMultistep", {}),
    "dpm_karras": (7, "DPMSolverMultistep", {**V, "use_karras_sigmas": True, "final_sigmas_type": "sigma_min"}),
    "dpm_many_steps": (17, "DPMSolverMultistep", {**V, "final_sigmas_type": "sigma_min"}),
    "dpm_euler_at_final": (17, "DPMSolverMultistep", {**V, "final_sigmas_type": "sigma_min",
                                                      "euler_at_final": True}),
    "dpm_heun_zero_snr": (7, "DPMSolverMultistep", {**V, "timestep_spacing": "trailing", "solver_type": "heun",
                                                    "rescale_betas_zero_snr": True}),
    "dpm_order_one": (7, "DPMSolverMultistep", {**LATENT, "prediction_type": "sample", "solver_order": 1,
                                                "timestep_spacing": "leading", "steps_offset": 1}),
    "dpm_cosine": (7, "DPMSolverMultistep", {"beta_schedule": "squaredcos_cap_v2", "lambda_min_clipped": -5.1}),
    "dpm_cosine_trailing": (7, "DPMSolverMultistep", {"beta_schedule": "squaredcos_cap_v2",
                                                      "lambda_min_clipped": -3.0, "timestep_spacing": "trailing"}),
    "euler_defaults": (7, "EulerDiscrete", {}),
    "euler_karras": (7, "EulerDiscrete", {**V, "use_karras_sigmas": True, "sigma_max": 12.5}),
    "euler_zero_snr": (7, "EulerDiscrete", {**V, "timestep_spacing": "trailing", "rescale_betas_zero_snr": True}),
    "euler_sample": (7, "EulerDiscrete", {**LATENT, "prediction_type": "sample", "timestep_spacing": "leading",
                                          "steps_offset": 1}),
}


def main():
    arrays, configs = {}, {}
    for name, (steps, kind, options) in CASES.items():
        scheduler = getattr(diffusers, kind + "Scheduler")(**options)
        scheduler.set_timesteps(steps)
        x = torch.randn(1, 2, 3, 4, generator=torch.Generator().manual_seed(1)) * scheduler.init_noise_sigma
        arrays[name + ".start"] = x.float()
        for i, t in enumerate(scheduler.timesteps):
            scaled = scheduler.scale_model_input(x, t)
            x = scheduler.step(0.9 * torch.sin(1.3 * scaled + t / 1000), t, x).prev_sample
            if i == 1:
                arrays[name + ".after1"] = x.float().clone()
        arrays[name + ".timesteps"] = scheduler.timesteps.float()
        arrays[name + ".init_noise_sigma"] = torch.tensor([float(scheduler.init_noise_sigma)])
        arrays[name + ".end"] = x.float()
        configs[name] = {"steps": steps, "config": {"_class_name": kind + "Scheduler", **options}}
    save_file(arrays, "options.safetensors")
    with open("options.json", "w") as f:
        json.dump(configs, f, indent=1)
        f.write("\n")


if __name__ == "__main__":
    main()
