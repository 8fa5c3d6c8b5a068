// Checks that depend on the speed of the machine, each with its limit: cargo xtask bench responsiveness
import { defineConfig } from '@playwright/test';
import flows from '../tests/e2e/playwright.config.js';

export default defineConfig({ ...flows, testDir: '.', testMatch: 'responsiveness/*.spec.js', workers: 1 });
